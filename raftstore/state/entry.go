package state

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"

	"github.com/stackhost/stackhost/abi"
)

// Entry is what one entry of the log carries.
type Entry struct {
	Now               int64  // the leader's time, ms
	Check, CheckIndex uint64 // hash of the leader's history after CheckIndex; 0: none
	Bundles           []Bundle
}

const entryVersion = 1

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Append encodes e: version, checksum (CRC-32C of what follows), then the fields with variable-length numbers.
func (e *Entry) Append(dst []byte) []byte {
	dst = append(dst, entryVersion, 0, 0, 0, 0)
	body := len(dst)
	dst = binary.AppendUvarint(dst, uint64(e.Now))
	dst = binary.AppendUvarint(dst, e.CheckIndex)
	dst = binary.BigEndian.AppendUint64(dst, e.Check)
	dst = binary.AppendUvarint(dst, uint64(len(e.Bundles)))
	for i := range e.Bundles {
		dst = e.Bundles[i].Append(dst)
	}
	binary.BigEndian.PutUint32(dst[body-4:], crc32.Checksum(dst[body:], castagnoli))
	return dst
}

// Append encodes b.
func (b *Bundle) Append(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, b.Session)
	dst = binary.AppendUvarint(dst, b.Sequence)
	dst = binary.AppendUvarint(dst, uint64(len(b.Commands)))
	for i := range b.Commands {
		c := &b.Commands[i]
		dst = append(dst, c.Family, c.Op, byte(c.Shard>>8), byte(c.Shard), byte(len(c.Tenant)))
		dst = append(dst, c.Tenant...)
		dst = binary.AppendUvarint(dst, uint64(len(c.Args)))
		dst = append(dst, c.Args...)
	}
	return dst
}

// Size is an upper bound of the encoded length of c in bytes.
func (c *Command) Size() int { return 20 + len(c.Tenant) + len(c.Args) }

// DecodeEntry is the reverse of Append. The result refers to b.
func DecodeEntry(b []byte) (e Entry, err error) {
	if len(b) < 5 {
		return e, errors.New("too short")
	}
	if b[0] != entryVersion {
		return e, fmt.Errorf("of version %d, which this version of stackhost does not know: upgrade it", b[0])
	}
	if binary.BigEndian.Uint32(b[1:]) != crc32.Checksum(b[5:], castagnoli) {
		return e, errors.New("checksum error")
	}
	r := fields{b: b[5:]}
	e.Now = int64(r.uvarint())
	e.CheckIndex = r.uvarint()
	if c := r.take(8); c != nil {
		e.Check = binary.BigEndian.Uint64(c)
	}
	for range r.count() {
		e.Bundles = append(e.Bundles, r.bundle())
	}
	return e, r.end()
}

// DecodeBundle is the reverse of Bundle.Append. The result refers to b.
func DecodeBundle(b []byte) (Bundle, error) {
	r := fields{b: b}
	bundle := r.bundle()
	return bundle, r.end()
}

func (r *fields) bundle() (b Bundle) {
	b.Session, b.Sequence = r.uvarint(), r.uvarint()
	for range r.count() {
		head := r.take(5)
		if head == nil {
			break
		}
		c := Command{Family: head[0], Op: head[1], Shard: binary.BigEndian.Uint16(head[2:])}
		c.Tenant = string(r.take(int(head[4])))
		c.Args = r.take(int(r.uvarint()))
		b.Commands = append(b.Commands, c)
	}
	return b
}

// fields reads encoded fields; after a mistake all further reads return zero.
type fields struct {
	b      []byte
	failed bool
}

func (r *fields) uvarint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.b, r.failed = nil, true
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *fields) take(n int) []byte {
	if n < 0 || n > len(r.b) {
		r.b, r.failed = nil, true
		return nil
	}
	b := r.b[:n:n]
	r.b = r.b[n:]
	return b
}

// count is a number of elements, each at least a byte long.
func (r *fields) count() uint64 {
	n := r.uvarint()
	if n > uint64(len(r.b)) {
		r.b, r.failed = nil, true
		return 0
	}
	return n
}

func (r *fields) end() error {
	if r.failed || len(r.b) > 0 {
		return errors.New("malformed")
	}
	return nil
}

// AppendReply encodes the answer of one command.
func AppendReply(dst, payload []byte, err error) []byte {
	code := abi.Code(0)
	if err != nil {
		var e *abi.Error
		if !errors.As(err, &e) {
			e = abi.Errorf(abi.CodeInternal, "%v", err)
		}
		code, payload = e.Code, []byte(e.Text)
	}
	dst = binary.AppendUvarint(dst, uint64(-int64(code)))
	dst = binary.AppendUvarint(dst, uint64(len(payload)))
	return append(dst, payload...)
}

// Replies splits the answer of a bundle into those of its commands. The payloads refer to b.
type Reply struct {
	Payload []byte
	Err     error // an *abi.Error, or nil
}

// DecodeReplies is the reverse of a run of AppendReply.
func DecodeReplies(b []byte, into []Reply) ([]Reply, error) {
	r := fields{b: b}
	for len(r.b) > 0 && !r.failed {
		code := abi.Code(-int64(r.uvarint()))
		payload := r.take(int(r.uvarint()))
		if code != 0 {
			into = append(into, Reply{Err: abi.Errorf(code, "%s", payload)})
		} else {
			into = append(into, Reply{Payload: payload})
		}
	}
	return into, r.end()
}
