package wasip1

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"
)

// Errno is a WASI preview 1 error number.
type Errno uint16

// The error numbers in use. Values are those of the specification's errno enum.
const (
	Success     Errno = 0
	Access      Errno = 2
	BadF        Errno = 8
	Exist       Errno = 20
	Fault       Errno = 21
	Inval       Errno = 28
	IO          Errno = 29
	IsDir       Errno = 31
	Loop        Errno = 32
	MFile       Errno = 33
	NameTooLong Errno = 37
	NoEnt       Errno = 44
	NoSys       Errno = 52
	NotDir      Errno = 54
	NotSock     Errno = 57
	NotSup      Errno = 58
	Perm        Errno = 63
	ROFS        Errno = 69
	SPipe       Errno = 70
	NotCapable  Errno = 76
)

// ErrInterrupted is returned by Call when a sleep was ended by the deadline or
// by the end of the request. The guest must not continue.
var ErrInterrupted = errors.New("wasip1: interrupted")

// ExitError is returned by Call for proc_exit.
type ExitError struct {
	// Code is the guest's exit code.
	Code uint32
}

// Error names the code.
func (e *ExitError) Error() string { return fmt.Sprintf("guest exited with code %d", e.Code) }

// errnoOf maps the errors of an fs.FS.
func errnoOf(err error) Errno {
	switch {
	case err == nil:
		return Success
	case errors.Is(err, fs.ErrNotExist):
		return NoEnt
	case errors.Is(err, fs.ErrPermission):
		return Access
	case errors.Is(err, fs.ErrExist):
		return Exist
	case errors.Is(err, fs.ErrInvalid):
		return Inval
	case errors.Is(err, syscall.ENOTDIR):
		return NotDir
	case errors.Is(err, syscall.EISDIR):
		return IsDir
	case errors.Is(err, syscall.ELOOP):
		return Loop
	case errors.Is(err, syscall.ENAMETOOLONG):
		return NameTooLong
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		return MFile
	}
	return IO
}
