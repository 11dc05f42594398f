// This file is empty. Its presence lets the package declare functions without a body, which go:linkname needs.
