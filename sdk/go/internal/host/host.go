// Package host holds the imports from the host, one function each, so that the linker drops what a module does not use.
// Built for anything but wasip1, the same functions ask a Fake instead.
package host
