package runtime

import (
	"bytes"
	"fmt"
	"os"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

// slab recycles reservations of address space. A reservation is never unmapped: compiled code that touched unmapped memory would
// end the process. Safe for concurrent use.
type slab struct {
	mu   sync.Mutex
	free map[int][][]byte // by length; guarded by mu
}

func newSlab() *slab { return &slab{free: map[int][][]byte{}} }

// get returns n zeroed bytes of address space; pages take memory when they are written.
func (s *slab) get(n int) ([]byte, error) {
	s.mu.Lock()
	if list := s.free[n]; len(list) > 0 {
		region := list[len(list)-1]
		s.free[n] = list[:len(list)-1]
		s.mu.Unlock()
		return region, nil
	}
	s.mu.Unlock()
	return unix.Mmap(-1, 0, n, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS|unix.MAP_NORESERVE)
}

// put takes a region back and drops its pages and what was mapped over it.
func (s *slab) put(region []byte) {
	if err := mapFixed(region, -1, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS|unix.MAP_NORESERVE); err != nil {
		return // kept mapped and never used again
	}
	s.mu.Lock()
	s.free[len(region)] = append(s.free[len(region)], region)
	s.mu.Unlock()
}

func mapFixed(region []byte, fd int, flags int) error {
	_, _, errno := unix.Syscall6(unix.SYS_MMAP, uintptr(unsafe.Pointer(unsafe.SliceData(region))), uintptr(len(region)),
		unix.PROT_READ|unix.PROT_WRITE, uintptr(flags|unix.MAP_FIXED), uintptr(fd), 0)
	if errno != 0 {
		return errno
	}
	return nil
}

// image is the memory of a snapshot: one memfd, which instances map copy on write, and a view of it to copy from.
type image struct {
	fd   int
	view []byte
}

func newImage(memory []byte) (*image, error) {
	if len(memory) == 0 {
		return &image{fd: -1}, nil
	}
	fd, err := unix.MemfdCreate("stackhost-snapshot", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("snapshot: %w", err)
	}
	img := &image{fd: fd}
	if err := unix.Ftruncate(fd, int64(len(memory))); err != nil {
		img.close()
		return nil, fmt.Errorf("snapshot: %w", err)
	}
	view, err := unix.Mmap(fd, 0, len(memory), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		img.close()
		return nil, fmt.Errorf("snapshot: %w", err)
	}
	img.view = view
	zero := make([]byte, hostPage)
	for at := 0; at < len(memory); at += hostPage { // pages of zeros stay holes in the file
		if page := memory[at : at+hostPage]; string(page) != string(zero) {
			copy(view[at:], page)
		}
	}
	return img, nil
}

// mapInto lays the image over the beginning of region.
func (i *image) mapInto(region []byte) error {
	if len(i.view) == 0 {
		return nil
	}
	return mapFixed(region[:len(i.view)], i.fd, unix.MAP_PRIVATE|unix.MAP_NORESERVE)
}

func (i *image) close() {
	if i.view != nil {
		unix.Munmap(i.view)
	}
	if i.fd >= 0 {
		unix.Close(i.fd)
	}
}

var hostPage = os.Getpagesize()

// smallMemory is the size up to which copying everything beats asking the kernel to drop private pages, where it cannot tell
// which they are.
const smallMemory = 128 << 10

// restore makes memory, the first len(i.view) bytes of a region that mapInto prepared, equal to the image.
// It returns how many host pages it copied.
//
// Pages that one call dirtied stay private and are looked at in every later restore. waste, which belongs to the instance,
// counts the looks that found nothing; when they have cost more than writing to the needed pages again would, the private pages
// are all dropped.
func (i *image) restore(memory []byte, waste *int) int {
	if len(i.view) == 0 {
		return 0
	}
	if pagemap >= 0 {
		if private, changed, ok := i.restoreDirty(memory); ok {
			*waste += private - changed
			if *waste > wasteFixed+wastePerPage*changed {
				*waste = 0
				unix.Madvise(memory, unix.MADV_DONTNEED) // on failure the pages merely stay
			}
			return changed
		}
	}
	// The kernel forgets the private copies and shows the file again.
	if len(i.view) <= smallMemory || unix.Madvise(memory, unix.MADV_DONTNEED) != nil {
		copy(memory, i.view)
	}
	return len(i.view) / hostPage
}

// A look at an unchanged page costs about 0.1 µs, a page fault some 3 µs.
const (
	wastePerPage = 32
	wasteFixed   = 4096
)

// zero clears memory that grew beyond the image. A little of it is kept: a guest that grows in each call would fault its pages
// in again each time, which costs more than clearing them.
func zero(memory []byte) {
	if len(memory) <= smallMemory || unix.Madvise(memory, unix.MADV_DONTNEED) != nil {
		clear(memory)
	}
}

// See https://docs.kernel.org/admin-guide/mm/pagemap.html, PAGEMAP_SCAN, Linux 6.7.
const (
	pagemapScan   = 0xc0606610 // _IOWR('f', 16, struct pm_scan_arg)
	pageIsFile    = 1 << 2
	pageIsPresent = 1 << 3
	pageIsSwapped = 1 << 4
)

type scanArg struct {
	size, flags, start, end, walkEnd, vec, vecLen, maxPages   uint64
	categoryInverted, categoryMask, categoryAnyof, returnMask uint64
}

type pageRegion struct{ start, end, categories uint64 }

// pagemap is /proc/self/pagemap when the kernel knows PAGEMAP_SCAN, else -1.
var pagemap = func() int {
	fd, err := unix.Open("/proc/self/pagemap", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1
	}
	probe, err := unix.Mmap(-1, 0, hostPage, unix.PROT_READ, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	if err != nil {
		unix.Close(fd)
		return -1
	}
	defer unix.Munmap(probe)
	var regions [1]pageRegion
	if _, _, ok := scan(fd, probe, regions[:]); !ok {
		unix.Close(fd)
		return -1
	}
	return fd
}()

// scan finds pages of memory that are private copies, because they were written since mapInto. It returns how many regions it
// found and where it stopped.
func scan(fd int, memory []byte, regions []pageRegion) (n int, end uintptr, ok bool) {
	start := uintptr(unsafe.Pointer(unsafe.SliceData(memory)))
	arg := scanArg{
		size: uint64(unsafe.Sizeof(scanArg{})), start: uint64(start), end: uint64(start) + uint64(len(memory)),
		vec: uint64(uintptr(unsafe.Pointer(unsafe.SliceData(regions)))), vecLen: uint64(len(regions)),
		categoryInverted: pageIsFile, categoryMask: pageIsFile, categoryAnyof: pageIsPresent | pageIsSwapped, returnMask: pageIsPresent,
	}
	found, _, errno := unix.RawSyscall(unix.SYS_IOCTL, uintptr(fd), pagemapScan, uintptr(unsafe.Pointer(&arg)))
	return int(found), uintptr(arg.walkEnd), errno == 0
}

// restoreDirty returns how many pages are private copies, and how many of them it had to write.
func (i *image) restoreDirty(memory []byte) (private, changed int, ok bool) {
	var regions [64]pageRegion
	base := uint64(uintptr(unsafe.Pointer(unsafe.SliceData(memory))))
	for rest := memory; len(rest) > 0; {
		n, end, ok := scan(pagemap, rest, regions[:])
		if !ok {
			return private, changed, false
		}
		for _, r := range regions[:n] {
			for at := r.start - base; at < r.end-base; at += uint64(hostPage) {
				private++
				page, want := memory[at:at+uint64(hostPage)], i.view[at:at+uint64(hostPage)]
				if !bytes.Equal(page, want) {
					copy(page, want)
					changed++
				}
			}
		}
		if n < len(regions) {
			break
		}
		rest = memory[uint64(end)-base:]
	}
	return private, changed, true
}

// RestoreMethod tells how memory is restored on this machine, for `stackhost doctor`.
func RestoreMethod() string {
	if pagemap >= 0 {
		return "PAGEMAP_SCAN: only pages that were written are copied back"
	}
	return "MADV_DONTNEED: the kernel (before 6.7, or in a container that hides it) has no PAGEMAP_SCAN, so restoring costs page faults"
}
