package abi

import "fmt"

// Code is a stable negative number that says what went wrong across the ABI.
type Code int64

type codeInfo struct {
	name   string
	retry  bool
	status int
	doc    string
}

// String returns the code's name, "guest(-1001)" for a guest's own code, or "code(-99)" for one that this version does not know.
func (c Code) String() string {
	if info, ok := codes[c]; ok {
		return info.name
	}
	if c <= CodeGuest {
		return fmt.Sprintf("guest(%d)", int64(c))
	}
	return fmt.Sprintf("code(%d)", int64(c))
}

// Retry tells whether trying again can help. An unknown code means internal.
func (c Code) Retry() bool { return codes[c].retry }

// Status is the HTTP status with which the host answers when a handler returns the code.
func (c Code) Status() int {
	if info, ok := codes[c]; ok {
		return info.status
	}
	return 500
}

// Doc says what the code means to a guest's author.
func (c Code) Doc() string { return codes[c].doc }

// Error is a code with its text. The text may be shown to the guest.
type Error struct {
	Code Code
	Text string
}

func (e *Error) Error() string { return e.Text }

// Errorf makes an Error.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{code, fmt.Sprintf(format, args...)}
}
