// Package web is the HTTP/1.1 front of stackhost: it accepts connections, decides which bytes are a request, and hands each
// request to one handler.
//
// The three main types are Server, which owns listeners and connections; Config, which holds every limit; and Request, what
// the server knows about a request beside fasthttp's context. Around them stand pieces a handler uses: BodyReader and ReadBody,
// Stream, Problem and ErrorReport, Compression, AccessLog, Static and Redirect.
//
//	s, err := web.New(web.Config{Addr: "127.0.0.1:8080", Handler: func(ctx *fasthttp.RequestCtx) {
//		ctx.WriteString("hello")
//	}})
//	if err != nil {
//		return err
//	}
//	return s.ListenAndServe()
//
// Parsing and writing of messages is fasthttp's. In front of it, in the connection, stands the framer: it sees every byte
// first, refuses whatever two parsers could read differently (RFC 9112 section 11.2), and passes on one message at a time. It
// costs some 200 ns a request and no memory. Time limits are kept by one sweeper for all connections instead of a timer each.
//
// The package knows nothing of modules, routes or guests.
package web
