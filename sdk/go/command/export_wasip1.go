//go:build wasip1

package command

import "unsafe"

//go:wasmexport stackhost_command
func exportCommand(ptr unsafe.Pointer, n uint32) int64 {
	out, code := serve(unsafe.Slice((*byte)(ptr), n))
	if code != 0 || out == nil {
		return code
	}
	return int64(uintptr(unsafe.Pointer(unsafe.SliceData(out))))<<32 | int64(len(out))
}
