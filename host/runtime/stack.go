package runtime

import (
	"reflect"
	"unsafe"

	"github.com/tetratelabs/wazero/api"
)

// findStack returns a function that tells how many bytes of stack a function's call engine holds, or nil when this wazero is
// laid out differently.
//
// wazero 1.12 has no public way to bound a guest's stack below its own ceiling of 50 MB, which a runaway recursion takes
// 390 ms to reach and which stays allocated. The guest polls while it recurses, and the poll can look at the length of the
// slice that holds the stack. TestRecursionIsStopped fails when the field is not where it was.
func findStack(fn api.Function) func(api.Function) int64 {
	t := reflect.TypeOf(fn)
	if t.Kind() != reflect.Pointer || t.Elem().Kind() != reflect.Struct {
		return nil
	}
	field, ok := t.Elem().FieldByName("stack")
	if !ok || field.Type != reflect.TypeFor[[]byte]() {
		return nil
	}
	return func(fn api.Function) int64 {
		pointer := (*[2]unsafe.Pointer)(unsafe.Pointer(&fn))[1]
		return int64(len(*(*[]byte)(unsafe.Add(pointer, field.Offset))))
	}
}
