//go:build !wasip1

package host

// Fake answers host calls where there is no host: in tests that run natively.
type Fake interface {
	// Call runs a structured function; it puts the reply into out when it fits and returns its length, or a code.
	Call(capability, function string, req, out []byte) int64
	// Direct runs a direct function. stream is 0 and b nil where the function has no such parameter.
	Direct(capability, function string, stream uint32, b []byte) int64
}

var installed Fake

// Install makes f answer host calls and returns what did so before.
func Install(f Fake) (previous Fake) {
	previous, installed = installed, f
	return previous
}

func fake() Fake {
	if installed == nil {
		panic("stackhost: no host; tests outside WebAssembly need stackhosttest.New")
	}
	return installed
}
