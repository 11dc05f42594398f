package oci

import (
	"encoding/json"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/registry/remote/errcode"
)

// errcodeResponse is a registry's refusal.
type errcodeResponse = errcode.ErrorResponse

func decodeManifest(text []byte) (*ocispec.Manifest, error) {
	m := new(ocispec.Manifest)
	return m, json.Unmarshal(text, m)
}
