package state

import "github.com/stackhost/stackhost/abi"

// MaxNamespace is the longest name of a namespace in bytes.
const MaxNamespace = 64

// checkNamespace says what is wrong with the name of a namespace. Names of events have a character that these do not.
func checkNamespace(name string) error {
	ok := len(name) > 0 && len(name) <= MaxNamespace
	for i := 0; ok && i < len(name); i++ {
		c := name[i]
		ok = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' || c == '_' || c == '-'
	}
	if !ok {
		return abi.Errorf(abi.CodeInvalid, "store: namespace %q: use 1 to %d letters, digits, dots, dashes and underscores", name, MaxNamespace)
	}
	return nil
}
