package raftstore

// recent has the values that commands read and wrote last, so that those that are used all the time (counters, heads of lists, hot keys)
// are not looked up in Badger's tables for each command. Commands are the only ones that write, so what it has is what is stored.
// Used by the goroutine that applies entries only.
//
// Two generations: a value that is used moves to the young one; when that is full the old one is dropped.
type recent struct {
	young, old map[string]recentValue
	bytes      int // of the young ones
}

type recentValue struct {
	value []byte
	there bool // false: the key is known to be absent
}

const (
	recentBytes   = 16 << 20 // of each generation
	recentLongest = 4 << 10  // the longest value that is kept
	recentEntry   = 96       // about what an entry costs besides its key and value
)

func (r *recent) get(key []byte) (v recentValue, ok bool) {
	if v, ok = r.young[string(key)]; ok {
		return v, true
	}
	if v, ok = r.old[string(key)]; ok {
		r.keep(key, v)
	}
	return v, ok
}

// put remembers that key has a copy of value, or that it is absent.
func (r *recent) put(key, value []byte, there bool) {
	if len(value) > recentLongest {
		delete(r.young, string(key))
		delete(r.old, string(key))
		return
	}
	v := recentValue{there: there}
	if there {
		v.value = append(make([]byte, 0, len(value)), value...) // value may be a part of something much longer
	}
	r.keep(key, v)
}

func (r *recent) keep(key []byte, v recentValue) {
	if r.bytes > recentBytes {
		r.old, r.young, r.bytes = r.young, nil, 0
	}
	if r.young == nil {
		r.young = map[string]recentValue{}
	}
	r.young[string(key)] = v
	r.bytes += len(key) + len(v.value) + recentEntry // more than it is when the key was there: then it is dropped earlier
}
