package state

import "fmt"

// What the tenants of the scripts and models are charged is what they keep.
var _ = checkState(func(r Reader) (err error) {
	kept := map[string]Usage{}
	add := func(tenant string, bytes int) {
		u := kept[tenant]
		kept[tenant] = Usage{u.Bytes + int64(bytes), u.Keys + 1}
	}
	foreign := false // families that are charged elsewhere
	r.Scan([]byte{FamilyKV}, []byte{FamilyQuota}, func(k, v []byte) bool {
		tx := &Tx{}
		ns, rest, ok := onBehalfOf(tx, k)
		switch {
		case !ok || k[0] == FamilyApp || k[0] == FamilySecret:
			foreign = foreign || k[0] != prefixTimers
		case k[0] == FamilyKV && rest[0] == 'k':
			add(tx.tenant, len(rest)-1+len(kvEntry(v).Value))
		case k[0] == FamilySession && rest[0] == 'u':
			s, _ := DecodeSession(v)
			add(tx.tenant, int(s.size()))
		case k[0] == FamilyLock && rest[0] == 'l':
			add(tx.tenant, len(rest)-1+lockOverhead)
		case k[0] == FamilyLock && rest[0] == 'w':
			add(tx.tenant, len(rest)-11+len(decodeWaiter(v).owner)+lockOverhead)
		case k[0] == FamilyCache && rest[0] == 'e':
			if s := readCacheSpace(r, cacheKey(tx.shard, tx.tenant, ns, 'n', nil, "")); s.generation == bigEndian(rest[1:]) {
				add(tx.tenant, int(decodeCacheEntry(len(rest)-9, v).size))
			}
		case k[0] == FamilyQueue:
			addQueue(tx.tenant, rest, v, add)
			if rest[0] == byte(JobDone) {
				add(tx.tenant, len(decodeRun(v).Result))
				kept[tx.tenant] = Usage{kept[tx.tenant].Bytes, kept[tx.tenant].Keys - 1}
			}
		case k[0] == FamilyBlob && rest[0] == 'b':
			add(tx.tenant, len(rest)-1+int(decodeBlobInfo(v).Size)+blobOverhead)
		case k[0] == FamilyBlob && rest[0] == 'u':
			u := decodeBlobUpload(bigEndian(rest[1:]), v)
			add(tx.tenant, len(u.Key)+int(u.size)+blobOverhead)
		}
		return true
	})
	if foreign {
		return nil
	}
	for _, tenant := range []string{"shop", "bank"} {
		if used, _ := UsageOf(&View{Reader: r}, tenant); used != kept[tenant] {
			err = fmt.Errorf("%s is charged %+v and keeps %+v", tenant, used, kept[tenant])
		}
	}
	return err
})

// addQueue adds what a key of a queue is charged for.
func addQueue(tenant string, rest, v []byte, add func(tenant string, bytes int)) {
	switch rest[0] {
	case 'j':
		_, spec := decodeJob(v)
		add(tenant, int(jobSize(spec)))
	case 'B':
		add(tenant, int(jobSize(v)))
	case 'q':
		add(tenant, int(queueSize(string(rest[1:]))))
	case 'u', 'i':
		add(tenant, int(keySize(string(rest[1:]))))
	}
}
