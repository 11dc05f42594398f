package app

// Share is a version's part of the requests of an app, in proportion to the weights beside it.
type Share struct {
	Version uint64
	Weight  uint32
}

// Count is how many requests a version answered since it was activated, and how many of them with a failure: status 500 and above, or
// an answer that was cut off.
type Count struct{ Version, Requests, Failures uint64 }
