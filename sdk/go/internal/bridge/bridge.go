// Package bridge lets the packages of the SDK that add an export or run handlers in tests reach what package stackhost does
// not export. Package stackhost sets the variables when it is initialised.
package bridge

var (
	HTTP        func(record []byte) ([]byte, int64)       // the http trigger
	Boot        func(record []byte) int64                 // the boot export
	Reset       func()                                    // forgets that a call was served
	Request     func(record []byte) (any, bool)           // a *stackhost.Request, false when malformed
	Start       func(random []byte, micros uint64)        // a call without a request begins
	NewResponse func() any                                // an empty *stackhost.Response
	Record      func(response any) []byte                 // a *stackhost.Response as a record
	Failed      func(what string, err error) (code int64) // the code of an error, after a log record
	Problem     func(response any, problem error)         // writes a *stackhost.Problem
	HostError   func(code int64) error                    // the error of a host call that answered with a code

	Job        func(record []byte) ([]byte, int64) // the job trigger, nil unless package job is used
	Command    func(record []byte) ([]byte, int64) // the command trigger, nil unless package command is used
	Middleware func(record []byte) ([]byte, int64) // the middleware trigger, nil unless package middleware is used
)
