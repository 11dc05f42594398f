package wasip1

import (
	"errors"
	"io"
	"io/fs"
)

// openFile reads an fs.File at any position. Files that can only be read forward
// are read again from the start when the position goes back.
type openFile struct {
	fsys fs.FS
	path string
	f    fs.File
	at   int64 // where a file without ReadAt stands
}

func (s *State) openFile(dir int32, path string) (*openFile, error) {
	o := &openFile{fsys: s.cfg.Dirs[dir].FS, path: path}
	f, err := o.fsys.Open(path)
	o.f = f
	return o, err
}

func (o *openFile) close() { o.f.Close() }

// readAt reads up to len(p) bytes and returns fewer only at the end of the file
// or with an error.
func (o *openFile) readAt(p []byte, at int64) (int, error) {
	if r, ok := o.f.(io.ReaderAt); ok {
		return r.ReadAt(p, at)
	}
	if at != o.at {
		if err := o.move(at); err != nil {
			return 0, err
		}
	}
	n, err := io.ReadFull(o.f, p)
	o.at += int64(n)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = io.EOF
	}
	return n, err
}

func (o *openFile) move(at int64) error {
	if r, ok := o.f.(io.Seeker); ok {
		n, err := r.Seek(at, io.SeekStart)
		o.at = n
		return err
	}
	if at < o.at {
		f, err := o.fsys.Open(o.path)
		if err != nil {
			return err
		}
		o.f.Close()
		o.f, o.at = f, 0
	}
	n, err := io.CopyN(io.Discard, o.f, at-o.at)
	o.at += n
	return err
}

// open returns the open file of a descriptor, opening it again after a restore.
func (s *State) open(d *descriptor) (*openFile, Errno) {
	if d.file == nil {
		f, err := s.openFile(d.dir, d.path)
		if err != nil {
			return nil, errnoOf(err)
		}
		d.file = f
		s.changed = true
	}
	return d.file, Success
}

// stat returns what a file or folder descriptor names.
func (s *State) stat(d *descriptor) (fs.FileInfo, Errno) {
	var info fs.FileInfo
	var err error
	if d.file != nil {
		info, err = d.file.f.Stat()
	} else {
		info, err = fs.Stat(s.cfg.Dirs[d.dir].FS, d.path)
	}
	return info, errnoOf(err)
}
