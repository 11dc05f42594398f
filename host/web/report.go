package web

import (
	"time"
)

// ErrorReport is what the development error page shows about a request that failed. Every field but Status and Title may be
// left empty; its part of the page is then left out. The caller keeps credentials out of it; the request's own header fields
// and query are redacted here.
type ErrorReport struct {
	Status  int    // HTTP status of the answer
	Title   string // what happened, as a sentence without a full stop: "The module ran into an unreachable instruction"
	Code    string // stable short name, such as "trap" or "deadline"
	Message string // the error's own text; may have several lines
	Hint    string // what to try next

	App, Module, Dialect string
	Language             string // of the module's source
	Export               string // the function that was called
	Digest               string // of the module

	Frames []ReportFrame    // wasm backtrace, innermost call first
	Source *SourceExcerpt   // where it happened, when the source is known
	Calls  []ReportHostCall // recent host calls, oldest first
	Log    []ReportLogLine  // of this request, oldest first
	Facts  []ReportFact     // limits, sizes, timings
	Output string           // of a tool, such as a compiler; shown as it is

	Script string // address of a script for the page to load, for live reload
}

// ReportFrame is one call in a backtrace.
type ReportFrame struct {
	Function string // name from the name section, or "$12"
	Offset   uint64 // of the instruction in the code section
	Source   string // "src/lib.rs:12:5" when known
}

// SourceExcerpt is a few lines of source around the one that failed.
type SourceExcerpt struct {
	File  string
	First int      // number of the first line in Lines, from 1
	Line  int      // number of the line that failed
	Lines []string // without line ends
}

// ReportHostCall is a call that the module made to the host.
type ReportHostCall struct {
	Name   string        // "http respond"
	Detail string        // shortened arguments, without secrets
	Took   time.Duration // in the host
	Code   string        // name of the error code, empty for success
}

// ReportLogLine is a line that the module logged.
type ReportLogLine struct {
	At    time.Duration // since the request began
	Level string        // "debug", "info", "warn" or "error"
	Text  string
}

// ReportFact is a labelled value.
type ReportFact struct{ Name, Value string }
