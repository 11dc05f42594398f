package state

import (
	"encoding/binary"
	"fmt"
)

var (
	_ = verb("system nothing", func(*scriptArgs) Command { return Command{Op: OpNothing} }, nil)
	_ = verb("system open", func(*scriptArgs) Command { return Command{Op: OpOpenSession} }, func(b []byte) string { return fmt.Sprintf("%x", b) })
	_ = verb("system close", func(a *scriptArgs) Command {
		return Command{Op: OpCloseSession, Args: BE(a.num("id"))}
	}, nil)
	_ = verb("system feature", func(a *scriptArgs) Command {
		return Command{Op: OpFeature, Args: binary.BigEndian.AppendUint16(nil, uint16(a.num("level")))}
	}, nil)
	_ = verb("system unknown", func(*scriptArgs) Command { return Command{Op: 99} }, nil)
)
