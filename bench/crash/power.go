package main

import (
	"context"
	"fmt"
	"io/fs"
	"log"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	fusefs "github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// disk is a file system in user space over a folder that remembers, for every file, what was written since the file was synced, so that
// a power cut can take any part of that back. Memory maps work: what the kernel writes back late counts from then.
type disk struct {
	mu     sync.Mutex
	undo   map[uint64][]change // guarded by mu; by inode, oldest first
	ignore bool                // take nothing for synced
}

// change is a write: what was there before.
type change struct {
	at   int64
	old  []byte // what the write replaced, cut at the end of the file
	long int    // bytes written
	size int64  // of the file before
}

const pageBytes = 4096

type node struct {
	fusefs.LoopbackNode
	d *disk
}

func (n *node) wrap(h fusefs.FileHandle) fusefs.FileHandle {
	l, ok := h.(*fusefs.LoopbackFile)
	if !ok {
		return h
	}
	return &file{LoopbackFile: l, d: n.d}
}

// Open implements fs.NodeOpener.
func (n *node) Open(ctx context.Context, flags uint32) (fusefs.FileHandle, uint32, syscall.Errno) {
	h, f, errno := n.LoopbackNode.Open(ctx, flags)
	return n.wrap(h), f, errno
}

// Create implements fs.NodeCreater.
func (n *node) Create(ctx context.Context, name string, flags, mode uint32, out *fuse.EntryOut) (*fusefs.Inode, fusefs.FileHandle, uint32, syscall.Errno) {
	i, h, f, errno := n.LoopbackNode.Create(ctx, name, flags, mode, out)
	return i, n.wrap(h), f, errno
}

type file struct {
	*fusefs.LoopbackFile
	d *disk
}

// PassthroughFd keeps the kernel from writing past this file system.
func (f *file) PassthroughFd() (int, bool) { return 0, false }

func (f *file) stat() (ino uint64, size int64) {
	var a fuse.AttrOut
	f.Getattr(context.Background(), &a)
	return a.Ino, int64(a.Size)
}

// Write implements fs.FileWriter.
func (f *file) Write(ctx context.Context, data []byte, off int64) (uint32, syscall.Errno) {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	ino, size := f.stat()
	c := change{at: off, long: len(data), size: size}
	if off < size {
		buf := make([]byte, min(int64(len(data)), size-off))
		r, errno := f.LoopbackFile.Read(ctx, buf, off)
		if errno == 0 {
			b, _ := r.Bytes(buf)
			c.old = append([]byte{}, b...)
		}
	}
	f.d.undo[ino] = append(f.d.undo[ino], c)
	return f.LoopbackFile.Write(ctx, data, off)
}

// Fsync implements fs.FileFsyncer.
func (f *file) Fsync(ctx context.Context, flags uint32) syscall.Errno {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	if !f.d.ignore {
		ino, _ := f.stat()
		delete(f.d.undo, ino)
	}
	return f.LoopbackFile.Fsync(ctx, flags)
}

// mount shows back at point.
func (d *disk) mount(back, point string) (*fuse.Server, error) {
	root := &fusefs.LoopbackRoot{Path: back}
	root.NewNode = func(r *fusefs.LoopbackRoot, _ *fusefs.Inode, _ string, _ *syscall.Stat_t) fusefs.InodeEmbedder {
		return &node{LoopbackNode: fusefs.LoopbackNode{RootData: r}, d: d}
	}
	second := time.Second
	return fusefs.Mount(point, root.NewNode(root, nil, "", nil), &fusefs.Options{AttrTimeout: &second, EntryTimeout: &second, MountOptions: fuse.MountOptions{DirectMount: true}})
}

// cut takes back a random part of what was not synced, page by page; a torn page is half old and half new.
func (t *tester) cut(d *disk, back string) {
	files := map[uint64]string{}
	filepath.WalkDir(back, func(path string, e fs.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() {
			if i, err := e.Info(); err == nil {
				files[i.Sys().(*syscall.Stat_t).Ino] = path
			}
		}
		return nil
	})
	for ino, changes := range d.undo {
		path, ok := files[ino]
		if !ok {
			continue // removed since
		}
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			log.Fatal(err)
		}
		mood := t.r.IntN(4) // 0: all is lost, 1: nothing is, else some
		for i := len(changes) - 1; i >= 0; i-- {
			c := changes[i]
			lost := 0
			for at := 0; at < c.long; {
				n := min(pageBytes-int(c.at+int64(at))%pageBytes, c.long-at)
				from, to := at, at+n
				at += n
				if mood == 1 || mood > 1 && t.r.IntN(2) == 0 {
					continue
				}
				lost += n
				if t.r.IntN(4) == 0 {
					from += n / 2
					t.Torn++
				} else {
					t.Dropped++
				}
				page := make([]byte, to-from) // beyond the old end: zeroes
				if from < len(c.old) {
					copy(page, c.old[from:])
				}
				f.WriteAt(page, c.at+int64(from))
			}
			if lost == c.long && t.r.IntN(2) == 0 {
				if now, err := f.Stat(); err == nil && now.Size() == c.at+int64(c.long) && c.size < now.Size() {
					f.Truncate(c.size)
				}
			}
		}
		f.Close()
	}
}

func (t *tester) cuts(n int, ignore bool) {
	if n == 0 {
		return
	}
	if _, err := os.Stat("/dev/fuse"); err != nil || os.Geteuid() != 0 {
		log.Printf("no power cuts: they need root and /dev/fuse (%v)", err)
		return
	}
	dir := ""
	for i := range n {
		if i%30 == 0 {
			os.RemoveAll(dir)
			dir = t.anew()
			os.Mkdir(filepath.Join(dir, "back"), 0o700)
			os.Mkdir(filepath.Join(dir, "point"), 0o700)
		}
		back, point := filepath.Join(dir, "back"), filepath.Join(dir, "point")
		d := &disk{undo: map[uint64][]change{}, ignore: ignore}
		server, err := d.mount(back, point)
		if err != nil {
			log.Printf("no power cuts: %v", err)
			return
		}
		t.round(filepath.Join(point, "store"))
		for range 100 { // the kernel may still write back what the killed process had mapped
			if err = server.Unmount(); err == nil {
				break
			}
			time.Sleep(20 * time.Millisecond)
		}
		if err != nil {
			log.Fatal(err)
		}
		t.cut(d, back)
		t.Cuts++
		if t.check(filepath.Join(back, "store"), fmt.Sprintf("power cut %d", i)); i%20 == 19 {
			log.Printf("%d power cuts, %d pages dropped, %d torn, %d wrong", i+1, t.Dropped, t.Torn, len(t.Wrong))
		}
		if len(t.Wrong) > 20 {
			return
		}
	}
	os.RemoveAll(dir)
}
