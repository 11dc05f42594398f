package state

import "github.com/stackhost/stackhost/abi"

// FamilyTogether runs commands of other families as one: when each of them succeeds all writes are done, else none. Every command sees
// what those before it wrote. This is how a handler writes its keys, publishes events, adds jobs and acknowledges its own job at once.
var FamilyTogether = Register(&Family{ID: familyTogether, Name: "together", Apply: applyTogether})

// TogetherMax is the most commands that run together.
const TogetherMax = 256

// Together is the command. All of its commands are of one tenant, and their tenants and shards are ignored. The answer is a run of replies
// for DecodeReplies, one for each command. When one fails, its error is the answer.
type Together []Command

// Command returns the command for tenant.
func (t Together) Command(tenant string) Command {
	b := Bundle{Commands: t}
	n := 32
	for i := range t {
		n += t[i].Size()
	}
	return Command{Family: familyTogether, Op: 1, Tenant: tenant, Args: b.Append(make([]byte, 0, n))}
}

func applyTogether(tx *Tx, op byte, args []byte) (reply []byte, err error) {
	if op != 1 {
		return nil, abi.Errorf(abi.CodeUnsupported, "store: no command %d of family %d in this version", op, familyTogether)
	}
	b, err := DecodeBundle(args)
	if err != nil || b.Session != 0 || len(b.Commands) == 0 {
		return nil, abi.Errorf(abi.CodeInvalid, "store: malformed commands")
	}
	if len(b.Commands) > TogetherMax {
		return nil, abi.Errorf(abi.CodeLimit, "store: at most %d commands run together, not %d", TogetherMax, len(b.Commands))
	}
	for i := range b.Commands {
		c := &b.Commands[i]
		payload, err := tx.Run(c.Family, c.Op, c.Args)
		if err != nil {
			return nil, err
		}
		reply = AppendReply(reply, payload, nil)
	}
	return reply, nil
}

// Run runs a command of another family inside this one: its writes are this one's, and go with them. Its error must make this one fail,
// because what it wrote until then stays.
func (t *Tx) Run(family, op byte, args []byte) (reply []byte, err error) {
	for _, f := range families {
		if f.ID == family && family != familyTogether && family != FamilySystem && !(family == FamilySession && (op == OpOnce || op == OpOnceOpen)) {
			return f.Apply(t, op, args)
		}
	}
	return nil, abi.Errorf(abi.CodeInvalid, "store: a command of family %d cannot run inside another", family)
}
