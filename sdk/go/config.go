package stackhost

import (
	"github.com/stackhost/stackhost/sdk/go/internal/host"
	"github.com/stackhost/stackhost/sdk/go/internal/wire"
)

// Config returns a value of the module's config table in the manifest; dots in key reach into nested tables, and an empty
// key returns the whole table. The value is a bool, int64, float64, string, []any or map[string]any. A key that is not there
// is an *Error with CodeNotFound.
func Config(key string) (any, error) {
	reply, err := ask(host.CoreConfig, configRequest(key))
	if err != nil {
		return nil, err
	}
	return configValue(reply)
}

func configRequest(key string) []byte {
	return (&wire.ConfigRequest{Key: key}).Append(nil)
}

func configValue(reply []byte) (any, error) {
	var rec wire.ConfigReply
	if err := rec.Decode(reply); err != nil {
		return nil, err
	}
	if len(rec.Value) == 0 {
		return nil, nil
	}
	r := wire.NewReader(rec.Value)
	v := r.Any()
	return v, r.Err()
}

// ConfigString returns a string of the config table, or otherwise when it is not there or no string.
func ConfigString(key, otherwise string) string {
	if v, err := Config(key); err == nil {
		if s, ok := v.(string); ok {
			return s
		}
	}
	return otherwise
}

// Secret returns a secret that the manifest grants to this module. One that it does not grant is an *Error with CodeDenied
// or CodeNotFound. Secrets read in OnBoot become part of the memory that every request starts from.
func Secret(name string) ([]byte, error) {
	reply, err := ask(host.CoreSecret, (&wire.SecretRequest{Name: name}).Append(nil))
	if err != nil {
		return nil, err
	}
	var rec wire.SecretReply
	if err := rec.Decode(reply); err != nil {
		return nil, err
	}
	return rec.Value, nil
}

// Support tells what the host has of a capability.
type Support struct {
	Version   uint64   // major version, 0 when the host does not have it
	Granted   bool     // whether this module may use it
	Functions []string // functions that the host knows
}

// Supports asks for a capability by name, such as "fetch".
func Supports(capability string) (Support, error) {
	reply, err := ask(host.CoreSupports, supportsRequest(capability))
	if err != nil {
		return Support{}, err
	}
	return supportsReply(reply)
}

func supportsRequest(capability string) []byte {
	return (&wire.SupportsRequest{Capability: capability}).Append(nil)
}

func supportsReply(reply []byte) (Support, error) {
	var rec wire.SupportsReply
	if err := rec.Decode(reply); err != nil {
		return Support{}, err
	}
	return Support{Version: rec.Version, Granted: rec.Granted, Functions: rec.Functions}, nil
}
