package lab

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// Disk gives the node, before its first Run, a disk of its own that can hang: an ext4 file system in a file of 4 GiB, which is sparse,
// on a loop device. The process must be root.
func (n *Node) Disk() error {
	image := n.Data + ".img"
	if err := os.WriteFile(image, nil, 0o600); err != nil {
		return err
	}
	if err := os.Truncate(image, 4<<30); err != nil {
		return err
	}
	if err := os.MkdirAll(n.Data, 0o700); err != nil {
		return err
	}
	for _, c := range []string{"mkfs.ext4 -q -F " + image, "mount -o loop " + image + " " + n.Data} {
		words := strings.Fields(c)
		if out, err := exec.Command(words[0], words[1:]...).CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %v: %s", c, err, bytes.TrimSpace(out))
		}
	}
	n.disk = true
	return os.Remove(n.Data + "/lost+found")
}

// Hang makes every write to the node's disk wait until Answer. A process that waits for its disk cannot be killed.
func (n *Node) Hang() error { return n.freeze("-f") }

// Answer ends Hang. It does nothing when the disk does not hang, or the node has none of its own.
func (n *Node) Answer() { n.freeze("-u") }

func (n *Node) freeze(how string) error {
	if !n.disk {
		return fmt.Errorf("%s has no disk of its own", n.Name)
	}
	if out, err := exec.Command("fsfreeze", how, n.Data).CombinedOutput(); err != nil {
		return fmt.Errorf("fsfreeze %s %s: %v: %s", how, n.Data, err, bytes.TrimSpace(out))
	}
	return nil
}

// removeDisk takes the disk away from a node that does not run.
func (n *Node) removeDisk() {
	if n.disk {
		exec.Command("umount", n.Data).Run()
		n.disk = false
	}
}
