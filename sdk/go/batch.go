package stackhost

import (
	"github.com/stackhost/stackhost/sdk/go/internal/host"
	"github.com/stackhost/stackhost/sdk/go/internal/wire"
)

// Batch runs several host calls at the same time, at the cost of one:
//
//	var b stackhost.Batch
//	price := b.Fetch(stackhost.FetchRequest{URL: priceURL})
//	stock := b.Fetch(stackhost.FetchRequest{URL: stockURL})
//	if err := b.Run(); err != nil {
//		return err
//	}
//	response, err := price.Get()
//
// The zero value is empty and ready. A Batch runs once.
type Batch struct {
	calls  []wire.BatchCall
	settle []func(result *wire.BatchResult)
}

// Pending is the outcome of a call in a Batch, there once the batch has run.
type Pending[T any] struct {
	value T
	err   error
}

// Get returns the call's result. Before Run it is an *Error with CodeInvalid.
func (p *Pending[T]) Get() (T, error) { return p.value, p.err }

func enqueue[T any](b *Batch, capability, function string, request []byte, decode func([]byte) (T, error)) *Pending[T] {
	p := &Pending[T]{err: &Error{Code: CodeInvalid, Text: "the batch has not run"}}
	b.calls = append(b.calls, wire.BatchCall{Capability: capability, Function: function, Request: request})
	b.settle = append(b.settle, func(r *wire.BatchResult) {
		if r.Code < 0 {
			p.err = &Error{Code: Code(r.Code), Text: r.Error}
			return
		}
		p.value, p.err = decode(r.Reply)
	})
	return p
}

// Config adds a call of Config.
func (b *Batch) Config(key string) *Pending[any] {
	return enqueue(b, "core", "config", configRequest(key), configValue)
}

// Supports adds a call of Supports.
func (b *Batch) Supports(capability string) *Pending[Support] {
	return enqueue(b, "core", "supports", supportsRequest(capability), supportsReply)
}

// Fetch adds a call of Fetch. The module needs the same grant as for Fetch.
func (b *Batch) Fetch(req FetchRequest) *Pending[*FetchResponse] {
	return enqueue(b, "fetch", "send", fetchRequest(req), fetchReply)
}

// Run runs the calls concurrently and waits for all of them. The error is about the batch as a whole (more than 64 calls,
// for one); each call's own is with its Pending.
func (b *Batch) Run() error {
	reply, err := ask(host.CoreBatch, (&wire.BatchRequest{Calls: b.calls}).Append(nil))
	if err != nil {
		return err
	}
	var rec wire.BatchReply
	if err := rec.Decode(reply); err != nil {
		return err
	}
	if len(rec.Results) != len(b.settle) {
		return &Error{Code: CodeInternal, Text: "the batch came back with another number of results"}
	}
	for i, settle := range b.settle {
		settle(&rec.Results[i])
	}
	return nil
}
