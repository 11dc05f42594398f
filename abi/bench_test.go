package abi

import "testing"

// hotRequest is a request as a browser's script sends it.
func hotRequest() *HTTPRequest {
	return &HTTPRequest{Method: "GET", Path: "/users/7", Query: "tab=notes", Scheme: "http", Host: "localhost:8080",
		Headers: Headers{{[]byte("host"), []byte("localhost:8080")}, {[]byte("accept"), []byte("*/*")}, {[]byte("user-agent"), []byte("bench/1.0")}},
		Params:  Pairs{{"id", "7"}}, BodyLength: 0, Remote: "127.0.0.1", ID: "01JD5Z4J8T2W3X4Y5Z6A7B8C9D",
		Traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", Route: "GET /users/{id}", TimeoutMs: 10000,
		TimeUs: 1767225600000000, Random: make([]byte, LimitRandomBytes)}
}

func hotResponse() *HTTPResponse {
	return &HTTPResponse{Status: 200, Body: []byte("hello"), Headers: Headers{{[]byte("content-type"), []byte("text/plain; charset=utf-8")},
		{[]byte("cache-control"), []byte("no-store")}}}
}

func BenchmarkAppendHTTPRequest(b *testing.B) {
	r, buf := hotRequest(), make([]byte, 0, 1024)
	b.ReportAllocs()
	for b.Loop() {
		buf = r.Append(buf[:0])
	}
}

func BenchmarkDecodeHTTPRequest(b *testing.B) {
	text, r := hotRequest().Append(nil), new(HTTPRequest)
	b.ReportAllocs()
	for b.Loop() {
		if err := r.Decode(text); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecodeHTTPResponse(b *testing.B) {
	text, r := hotResponse().Append(nil), new(HTTPResponse)
	b.ReportAllocs()
	for b.Loop() {
		if err := r.Decode(text); err != nil {
			b.Fatal(err)
		}
	}
}

// The hot path of a request allocates nothing.
func TestHotPathAllocatesNothing(t *testing.T) {
	request, buf := hotRequest(), make([]byte, 0, 1024)
	if n := testing.AllocsPerRun(100, func() { buf = request.Append(buf[:0]) }); n != 0 {
		t.Errorf("HTTPRequest.Append allocates %v times", n)
	}
	text, response := hotResponse().Append(nil), new(HTTPResponse)
	if n := testing.AllocsPerRun(100, func() { _ = response.Decode(text) }); n != 0 {
		t.Errorf("HTTPResponse.Decode allocates %v times", n)
	}
	text, again := request.Append(nil), new(HTTPRequest)
	if n := testing.AllocsPerRun(100, func() { _ = again.Decode(text) }); n != 0 {
		t.Errorf("HTTPRequest.Decode allocates %v times", n)
	}
}
