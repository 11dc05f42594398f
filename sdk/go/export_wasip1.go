//go:build wasip1

package stackhost

import "unsafe"

//go:wasmexport stackhost_abi_1
func exportMarker() {}

//go:wasmexport stackhost_alloc
func exportAlloc(n uint32) unsafe.Pointer {
	if n > 1<<30 {
		return nil
	}
	return unsafe.Pointer(unsafe.SliceData(alloc(int(n))))
}

//go:wasmexport stackhost_boot
func exportBoot(ptr unsafe.Pointer, n uint32) int64 {
	return int64(boot(unsafe.Slice((*byte)(ptr), n)))
}

//go:wasmexport stackhost_http
func exportHTTP(ptr unsafe.Pointer, n uint32) int64 {
	out, code := serveHTTP(unsafe.Slice((*byte)(ptr), n))
	if code != 0 || out == nil {
		return int64(code)
	}
	return int64(uintptr(unsafe.Pointer(unsafe.SliceData(out))))<<32 | int64(len(out))
}
