//go:build ignore

// Program records writes records.txt: records as the host's codec writes them, cut short and damaged, and what becomes of
// them when they are decoded and encoded again. Run it with
//
//	go run sdk/rust/tests/records.go > sdk/rust/tests/records.txt
//
// Each line has the name of a record, bytes, and what the bytes' value encodes to, or ! when they have to be refused.
package main

import (
	"bufio"
	"fmt"
	"math"
	"math/rand"
	"os"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/stackhost/stackhost/abi"
)

type record interface {
	Append([]byte) []byte
	Decode([]byte) error
}

var records = []record{
	&abi.BootRequest{}, &abi.HTTPRequest{}, &abi.HTTPResponse{}, &abi.MiddlewareResult{}, &abi.JobRequest{}, &abi.JobResult{},
	&abi.StreamReply{}, &abi.LogRecord{}, &abi.ConfigRequest{}, &abi.ConfigReply{}, &abi.SecretRequest{}, &abi.SecretReply{},
	&abi.SupportsRequest{}, &abi.SupportsReply{}, &abi.BatchRequest{}, &abi.BatchCall{}, &abi.BatchReply{}, &abi.BatchResult{},
	&abi.FetchRequest{}, &abi.FetchResponse{},
}

var out = bufio.NewWriter(os.Stdout)

func main() {
	defer out.Flush()
	r := rand.New(rand.NewSource(1))
	for _, rec := range records {
		kind := reflect.TypeOf(rec).Elem()
		fields := min(kind.NumField()+2, 15)
		for n := range fields + 1 {
			line(kind, append([]byte{0x90 | byte(n)}, []byte(strings.Repeat("\xc0", n))...))
		}
		line(kind, nil)
		line(kind, []byte{0xc0})
		line(kind, []byte{0x90, 0x00})
		for range 4 {
			v := reflect.New(kind)
			fill(v.Elem(), r)
			whole := v.Interface().(record).Append(nil)
			line(kind, whole)
			line(kind, whole[:r.Intn(len(whole))])
			line(kind, whole[:len(whole)-1])
			for range 3 {
				damaged := append([]byte(nil), whole...)
				damaged[r.Intn(min(len(damaged), 40))] = byte(r.Intn(256))
				line(kind, damaged)
			}
		}
	}
}

func line(kind reflect.Type, b []byte) {
	v := reflect.New(kind)
	again := "!"
	if v.Interface().(record).Decode(b) == nil && isText(v.Elem()) {
		again = fmt.Sprintf("%x", v.Interface().(record).Append(nil))
	}
	if kind.Name() == "MiddlewareResult" && len(b) < 20 && again != "!" {
		return // whether a response that is not there has status 0 or 200 makes no difference
	}
	fmt.Fprintf(out, "%s %x %s\n", strings.Replace(kind.Name(), "HTTP", "Http", 1), b, again)
}

// isText tells whether all text in v is UTF-8, which SDKs insist on and the host does not.
func isText(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.String:
		return utf8.ValidString(v.String())
	case reflect.Struct:
		for i := range v.NumField() {
			isName := v.Type().Name() == "Header" && v.Type().Field(i).Name == "Name"
			if !isText(v.Field(i)) || isName && !utf8.Valid(v.Field(i).Bytes()) {
				return false
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			if !isText(v.Index(i)) {
				return false
			}
		}
	case reflect.Interface:
		return v.IsNil() || isText(v.Elem())
	case reflect.Map:
		for _, k := range v.MapKeys() {
			if !isText(k) || !isText(v.MapIndex(k)) {
				return false
			}
		}
	}
	return true
}

func pick[T any](r *rand.Rand, of ...T) T { return of[r.Intn(len(of))] }

func fill(v reflect.Value, r *rand.Rand) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(pick(r, "", "a", "é€😀", strings.Repeat("text ", 6)+"x", strings.Repeat("32", 16)))
	case reflect.Uint64, reflect.Uint8:
		v.SetUint(pick[uint64](r, 0, 1, 127, 128, 255) + pick[uint64](r, 0, 0, 1<<8, 1<<16, 1<<32, 1<<63)*uint64(v.Type().Size()/8))
	case reflect.Int64:
		v.SetInt(pick[int64](r, 0, -1, -32, -33, -128, -129, math.MinInt16, math.MinInt16-1, math.MinInt32, math.MinInt32-1, math.MinInt64, math.MaxInt64))
	case reflect.Bool:
		v.SetBool(pick(r, true, false))
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), r)
		}
		if v.Type().Name() == "Header" {
			v.Field(0).SetBytes([]byte(pick(r, "", "x-a", "content-type")))
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			b := make([]byte, pick(r, 0, 1, 31, 32, 40))
			r.Read(b)
			v.SetBytes(b)
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), pick(r, 0, 1, 2, 8), 8))
		for i := range v.Len() {
			fill(v.Index(i), r)
		}
	case reflect.Interface:
		v.Set(reflect.ValueOf(pick[any](r, int64(-5), "x", 1.5, true, uint64(math.MaxUint64), []byte{1, 2},
			[]any{int64(1), nil, []any{}}, map[string]any{"a": int64(-7)})))
	}
}
