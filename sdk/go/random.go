package stackhost

import (
	"encoding/binary"
	"math/rand/v2"
	"time"
)

// call is what the call being served brought along.
type call struct {
	random [16]byte
	micros int64      // when it was handed over; 0: see req
	req    *Request   // nil in jobs
	gen    *rand.Rand // made on first use
}

func startCall(random []byte, micros int64, req *Request) {
	current := &st.current
	copy(current.random[:], random)
	current.micros, current.req, current.gen = micros, req, nil
	reseed(binary.LittleEndian.Uint64(current.random[:8]), binary.LittleEndian.Uint64(current.random[8:]))
}

// Rand returns a ChaCha8 generator seeded from this request's (or job's) unpredictable bytes: fast, different in every call,
// and not to be guessed from its output. For keys and tokens crypto/rand asks the host each time and is just as good.
func Rand() *rand.Rand {
	if st.current.gen == nil {
		seed := [32]byte{16: 's', 't', 'a', 'c', 'k', 'h', 'o', 's', 't', ' ', 'r', 'a', 'n', 'd', 0, 1}
		copy(seed[:], st.current.random[:])
		st.current.gen = rand.New(rand.NewChaCha8(seed))
	}
	return st.current.gen
}

// Now returns when the call being served was handed over, without asking the host again. time.Now asks the host's clock.
func Now() time.Time {
	if c := &st.current; c.req != nil {
		return c.req.Time()
	}
	return time.UnixMicro(st.current.micros)
}
