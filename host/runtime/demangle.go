package runtime

import "strings"

// demangle makes the path of a mangled Rust or C++ name readable: _ZN4core9panicking5panic17h01234567890abcdefE becomes
// core::panicking::panic. Parameters and templates are not decoded; a name it does not understand stays as it is.
func demangle(name string) string {
	rest, ok := strings.CutPrefix(name, "_ZN")
	if !ok {
		return name
	}
	var path []string
	for rest != "" && rest[0] != 'E' {
		n, digits := 0, 0
		for digits < len(rest) && digits < 4 && rest[digits] >= '0' && rest[digits] <= '9' {
			n = n*10 + int(rest[digits]-'0')
			digits++
		}
		if n == 0 || digits+n > len(rest) {
			return name
		}
		path = append(path, rest[digits:digits+n])
		rest = rest[digits+n:]
	}
	if last := len(path) - 1; last > 0 && len(path[last]) == 17 && path[last][0] == 'h' {
		path = path[:last] // Rust's hash
	}
	if len(path) == 0 {
		return name
	}
	return rustEscapes.Replace(strings.Join(path, "::"))
}

var rustEscapes = strings.NewReplacer("$LT$", "<", "$GT$", ">", "$u20$", " ", "$RF$", "&", "$BP$", "*", "$C$", ",", "$u7b$", "{", "$u7d$", "}", "..", "::")
