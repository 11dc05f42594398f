package sdk

import (
	"os/exec"
	"testing"
)

func TestArchiveIsCurrent(t *testing.T) {
	if out, err := exec.Command("go", "run", "./internal/pack", "-check").CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}
