package quickjs

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"unicode/utf8"

	"github.com/stackhost/stackhost/abi"
	"github.com/stackhost/stackhost/host/capability"
	"github.com/stackhost/stackhost/host/runtime"
)

// resolve links the engine's imports.
func (g *guest) resolve(imp runtime.Import) (runtime.HostFunc, error) {
	if imp.Module == "env" {
		switch imp.Name {
		case "host_call":
			return hostCall, nil
		case "host_interrupt", "host_get_timezone_offset": // metering stops programs; the host's clock is UTC
			return func(_ *runtime.Instance, stack []uint64) { stack[0] = 0 }, nil
		case "host_promise_rejection": // not enabled: a rejection that matters is the handler's own
			return func(*runtime.Instance, []uint64) {}, nil
		case "host_module_normalize", "host_module_load": // programs are bundled; 0 is an error for the engine
			return func(_ *runtime.Instance, stack []uint64) { stack[0] = 0 }, nil
		}
	}
	return nil, fmt.Errorf("%w: it imports %s %s", errEngine, imp.Module, imp.Name)
}

// What the prelude asks for; the numbers are OP in prelude/10_host.js.
const (
	opHeaders = iota
	opField
	opNumber
	opRandom
	opSeed
	opRead
	opWrite
	opFlush
	opClose
	opRespond
	opLog
	opConfig
	opSecret
	opSupports
	opBatch
	opError
	opEncode
	opDecode
	opOpen
	opJob
	opPayload
	opOrigin
	opState
	opCommand
)

// request is one call of the host function: its arguments and the machine to read them with.
type request struct {
	*call
	m    machine
	args [8]uint64
	n    int
}

// hostCall is env.host_call(name, name_len, this, argc, argv) -> box: the only host function there is. Arguments and the
// result are boxes; the engine frees them.
func hostCall(in *runtime.Instance, stack []uint64) {
	s, ok := in.State().(*capability.Session)
	if !ok {
		in.Fail(errors.New("the program called the host outside a call"))
	}
	c := s.Engine.(*call)
	r := request{call: c, m: c.host()}
	argc, argv := runtime.DecodeU32(stack[3]), runtime.DecodeU32(stack[4])
	r.n = min(int(argc), len(r.args))
	for i := range r.n {
		box, ok := in.Memory().Read(argv+4*uint32(i), 4)
		if !ok {
			in.Fail(errEngine)
		}
		v, err := unbox(in, uint32(box[0])|uint32(box[1])<<8|uint32(box[2])<<16|uint32(box[3])<<24)
		if err != nil {
			in.Fail(err)
		}
		r.args[i] = v
	}
	v, err := r.run(int32(r.args[0]))
	if err != nil {
		var trap *runtime.Trap
		if errors.As(err, &trap) || errors.Is(err, errEngine) || errors.Is(err, errNoMemory) {
			in.Fail(err) // the engine itself was stopped inside: the call is over
		}
		v = integer(int32(s.Fail(err)))
	}
	box, err := r.m.run(c.e.fn.box)
	if err != nil {
		in.Fail(err)
	}
	ptr := runtime.DecodeU32(box)
	b, ok := in.Memory().Read(ptr, 8)
	if !ok || ptr == 0 {
		in.Fail(errNoMemory)
	}
	for i := range b {
		b[i] = byte(v >> (8 * i))
	}
	stack[0] = uint64(ptr)
}

var errArgument = abi.Errorf(abi.CodeInvalid, "a host call got an argument of the wrong type")

func (r *request) run(op int32) (uint64, error) {
	switch op {
	case opHeaders:
		return r.headers()
	case opField:
		return r.field()
	case opNumber:
		return r.number()
	case opRandom:
		b, err := r.view(1)
		rand.Read(b) // never fails (crypto/rand)
		return integer(0), err
	case opSeed:
		b, err := r.view(1)
		copy(b, r.seed[:])
		return integer(0), err
	case opRead, opWrite, opFlush, opClose:
		return r.stream(op)
	case opOpen:
		return r.open()
	case opRespond:
		return r.respondNow()
	case opLog:
		return r.log()
	case opConfig:
		return r.config()
	case opSecret:
		name, err := r.string(1)
		if err != nil {
			return 0, err
		}
		var reply abi.SecretReply
		if err := r.ask("core", "secret", (&abi.SecretRequest{Name: name}).Append(nil), reply.Decode); err != nil {
			return 0, err
		}
		return r.m.newString(reply.Value)
	case opSupports:
		name, err := r.string(1)
		if err != nil {
			return 0, err
		}
		var reply abi.SupportsReply
		if err := r.ask("core", "supports", (&abi.SupportsRequest{Capability: name}).Append(nil), reply.Decode); err != nil {
			return 0, err
		}
		return r.json(supportsJSON(&reply))
	case opBatch:
		return r.batch()
	case opError:
		return r.m.newString([]byte(r.s.Failure()))
	case opEncode:
		text, ptr, err := r.m.text(r.args[1])
		if err != nil {
			return 0, err
		}
		v, err := r.m.newBytes(text)
		if err == nil {
			err = r.m.release(ptr)
		}
		return v, err
	case opDecode:
		b, err := r.view(1)
		if err != nil {
			return 0, err
		}
		if !utf8.Valid(b) {
			if int32(r.args[2]) != 0 {
				return 0, abi.Errorf(abi.CodeInvalid, "not valid UTF-8")
			}
			b = repair(b)
		}
		return r.m.newString(b)
	case opJob:
		return r.json(map[string]any{"id": r.job.ID, "name": r.job.Name, "attempt": r.job.Attempt, "timeout": r.job.TimeoutMs, "length": len(r.job.Payload)})
	case opOrigin:
		if r.x == nil {
			return r.m.newString([]byte("http://localhost"))
		}
		return r.m.newString(append(append([]byte(r.x.Scheme), "://"...), bytes.ToLower(r.x.Ctx.Host())...))
	case opState:
		return r.state()
	case opCommand:
		if r.command == nil {
			return 0, errArgument
		}
		q := r.command
		return r.json(map[string]any{"name": q.Name, "args": q.Args, "stdin": q.Stdin, "stdout": q.Stdout, "stderr": q.Stderr, "columns": q.Columns, "id": q.ID, "timeout": q.TimeoutMs})
	case opPayload:
		b, err := r.view(1)
		copy(b, r.job.Payload)
		return integer(0), err
	}
	return 0, abi.Errorf(abi.CodeUnsupported, "this host does not know operation %d", op)
}

// view returns the memory of a Uint8Array argument.
func (r *request) view(i int) ([]byte, error) {
	b, _, ok, err := r.m.bytes(r.args[i])
	if err == nil && !ok {
		err = errArgument
	}
	return b, err
}

func (r *request) string(i int) (string, error) {
	if !isString(r.args[i]) {
		return "", errArgument
	}
	return r.m.str(r.args[i])
}

func (r *request) json(v any) (uint64, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return 0, abi.Errorf(abi.CodeInternal, "encode a reply: %v", err)
	}
	return r.m.newString(text)
}

// ask makes a structured call of a capability and decodes its reply.
func (r *request) ask(name, function string, record []byte, decode func([]byte) error) error {
	call, err := r.s.Set.Call(name, function)
	if err != nil {
		return err
	}
	reply, err := call(r.s, record, nil)
	if err != nil || decode == nil {
		return err
	}
	return decode(reply)
}

func (r *request) headers() (uint64, error) {
	if r.x == nil {
		return r.m.newString(nil)
	}
	var b []byte
	for _, h := range r.x.Headers() {
		b = append(append(b, h.Name...), 0)
		b = append(appendLatin1(b, h.Value), 0)
	}
	return r.m.newString(b)
}

// appendLatin1 appends bytes as a JavaScript byte string: each byte is one character.
func appendLatin1(dst, b []byte) []byte {
	for _, c := range b {
		if c < 0x80 {
			dst = append(dst, c)
		} else {
			dst = append(dst, 0xc0|c>>6, 0x80|c&0x3f)
		}
	}
	return dst
}

// field returns a text of the request; the numbers are FIELD in the prelude.
func (r *request) field() (uint64, error) {
	x := r.x
	if x == nil {
		return r.m.newString(nil)
	}
	switch int32(r.args[1]) {
	case 0:
		return r.m.newString([]byte(x.Scheme))
	case 1:
		return r.m.newString(x.Ctx.Host())
	case 2:
		var b []byte
		for _, p := range x.Params {
			b = append(append(append(append(b, p.Name...), 0), p.Value...), 0)
		}
		return r.m.newString(b)
	case 3:
		return r.m.newString([]byte(x.Remote))
	case 4:
		return r.m.newString([]byte(x.ID))
	case 5:
		return r.m.newString([]byte(x.TraceParent))
	case 6:
		return r.m.newString([]byte(x.Route))
	}
	return 0, errArgument
}

// number returns a number of the request; the numbers are NUMBER in the prelude.
func (r *request) number() (uint64, error) {
	var n int64
	switch int32(r.args[1]) {
	case 0:
		n = -1
		if r.x != nil {
			n = r.x.BodyLength
		}
		if n < 0 { // not an error code: the length is not known
			return float(-1), nil
		}
	case 1:
		n = r.timeout
	case 2:
		n = r.micros
	default:
		return 0, errArgument
	}
	return float(float64(n)), nil
}

// float makes a number of the engine's: doubles are offset so that their upper halves are no tags (NaN boxing).
func float(f float64) uint64 {
	const offset = 0x7ff80000 - (-9) + 1
	return math.Float64bits(f) - uint64(offset)<<32
}

// open opens the request's body as a stream; 0 when there is none.
func (r *request) open() (uint64, error) {
	x := r.x
	switch {
	case x == nil:
		return integer(0), nil
	case x.BodyStream != nil:
		h, err := r.s.Streams.Open(x.BodyStream)
		return integer(int32(h)), err
	case len(x.Body) > 0:
		h, err := r.s.Streams.Open(bytes.NewReader(x.Body))
		return integer(int32(h)), err
	}
	return integer(0), nil
}

// stream reads, writes, flushes or closes a stream through the capability that owns it.
func (r *request) stream(op int32) (uint64, error) {
	args := [3]uint32{uint32(r.args[1])}
	name, function := "core", "close"
	switch op {
	case opRead, opWrite:
		b, ptr, ok, err := r.m.bytes(r.args[2])
		if err != nil || !ok {
			return 0, errors.Join(errArgument, err)
		}
		args[1], args[2] = ptr, uint32(len(b))
		if function = "read"; op == opWrite {
			function = "write"
		}
	case opFlush:
		name, function = "http", "flush"
	}
	direct, ok := r.s.Set.Direct(name, function)
	if !ok {
		return 0, abi.Errorf(abi.CodeUnsupported, "this host does not know %s %s", name, function)
	}
	n, err := direct(r.s, args)
	return integer(int32(n)), err
}

func (r *request) respondNow() (uint64, error) {
	text, err := r.string(1)
	if err != nil {
		return 0, err
	}
	head, _, err := parseHead([]byte(text))
	if err != nil {
		return 0, errArgument
	}
	var reply abi.StreamReply
	if err := r.ask("http", "respond", head.Append(nil), reply.Decode); err != nil {
		return 0, err
	}
	return integer(int32(reply.Stream)), nil
}

func (r *request) log() (uint64, error) {
	message, err := r.string(2)
	if err != nil {
		return 0, err
	}
	fields, err := r.string(3)
	if err != nil {
		return 0, err
	}
	record := abi.LogRecord{Level: abi.LogLevel(int32(r.args[1])), Message: message}
	if fields != "" {
		if record.Fields, err = decodeJSON([]byte(fields)); err != nil {
			return 0, errArgument
		}
		if _, ok := record.Fields.(map[string]any); !ok {
			record.Fields = map[string]any{"value": record.Fields}
		}
	}
	encoded, err := record.Append(nil), error(nil)
	if err != nil {
		return 0, err
	}
	return integer(0), r.ask("core", "log", encoded, nil)
}

func (r *request) config() (uint64, error) {
	key, err := r.string(1)
	if err != nil {
		return 0, err
	}
	var reply abi.ConfigReply
	if err := r.ask("core", "config", (&abi.ConfigRequest{Key: key}).Append(nil), reply.Decode); err != nil {
		return 0, err
	}
	return r.json(reply.Value)
}

// repair replaces what is not UTF-8 by U+FFFD, one for each maximal part of a character (WHATWG Encoding, section 8.1).
func repair(b []byte) []byte {
	out := make([]byte, 0, len(b)+16)
	for len(b) > 0 {
		c, n := utf8.DecodeRune(b)
		if c != utf8.RuneError || n > 1 {
			out = append(out, b[:n]...)
			b = b[n:]
			continue
		}
		out = append(out, "\ufffd"...)
		b = b[broken(b):]
	}
	return out
}

// broken returns how many bytes at the front of b begin a character that is not completed: at least 1.
func broken(b []byte) int {
	low, high, want := byte(0x80), byte(0xbf), 0
	switch c := b[0]; {
	case c >= 0xc2 && c <= 0xdf:
		want = 1
	case c >= 0xe0 && c <= 0xef:
		want = 2
		if c == 0xe0 {
			low = 0xa0
		} else if c == 0xed {
			high = 0x9f
		}
	case c >= 0xf0 && c <= 0xf4:
		want = 3
		if c == 0xf0 {
			low = 0x90
		} else if c == 0xf4 {
			high = 0x8f
		}
	}
	n := 1
	for ; n <= want && n < len(b) && b[n] >= low && b[n] <= high; n++ {
		low, high = 0x80, 0xbf
	}
	return n
}
