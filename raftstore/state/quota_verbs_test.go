package state

import "fmt"

var (
	_ = verb("quota set", func(a *scriptArgs) Command {
		return QuotaSet{Usage{Bytes: int64(a.num("bytes")), Keys: int64(a.num("keys"))}}.Command(a.Tenant)
	}, nil)
	_ = readVerb("quota show", func(v *View, a *scriptArgs) string {
		used, limits := UsageOf(v, a.Tenant)
		return fmt.Sprintf("%d bytes of %d, %d keys of %d", used.Bytes, limits.Bytes, used.Keys, limits.Keys)
	})
)
