//go:build !linux

package runtime

// Where there is no memfd and no PAGEMAP_SCAN, memory is ordinary and restored whole.

const hostPage = 4096

type slab struct{}

func newSlab() *slab { return &slab{} }

func (*slab) get(n int) ([]byte, error) { return make([]byte, n), nil }

func (*slab) put([]byte) {}

type image struct{ view []byte }

func newImage(memory []byte) (*image, error) {
	return &image{append([]byte(nil), memory...)}, nil
}

func (i *image) mapInto(region []byte) error {
	copy(region, i.view)
	return nil
}

func (i *image) close() {}

func (i *image) restore(memory []byte, _ *int) int {
	copy(memory, i.view)
	return len(i.view) / hostPage
}

func zero(memory []byte) { clear(memory) }

// RestoreMethod tells how memory is restored on this machine, for `stackhost doctor`.
func RestoreMethod() string {
	return "full copy: restoring costs time in proportion to a module's memory"
}
