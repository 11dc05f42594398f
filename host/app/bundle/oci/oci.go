// Package oci keeps bundles in OCI registries: one artifact each, of the type ArtifactType, whose only layer is the bundle as it is. The
// same bundle gives the same artifact.
//
//	pushed, err := oci.Push(ctx, "registry.example.com/team/shop:1.2.0", file, info, oci.Options{})
//	pulled, err := oci.Pull(ctx, "registry.example.com/team/shop:1.2.0", file, oci.Options{})
//
// User names and passwords come from where docker login keeps them, unless Options say otherwise. What is pulled has the digest that the
// registry names; who made it is for bundle.VerifySignature and the cluster to decide.
package oci

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"github.com/stackhost/stackhost/host/app/bundle"
	"oras.land/oras-go/v2"
	"oras.land/oras-go/v2/content"
	"oras.land/oras-go/v2/errdef"
	"oras.land/oras-go/v2/registry"
	"oras.land/oras-go/v2/registry/remote"
	"oras.land/oras-go/v2/registry/remote/auth"
	"oras.land/oras-go/v2/registry/remote/credentials"
	"oras.land/oras-go/v2/registry/remote/retry"
)

// ArtifactType is that of a bundle in a registry.
const ArtifactType = "application/vnd.stackhost.bundle.v1"

// Annotations of the artifact.
const (
	annotationApp       = "dev.stackhost.app"
	annotationKey       = "dev.stackhost.signature.key"
	annotationSignature = "dev.stackhost.signature"
)

// epoch is the time of creation in every artifact: a bundle has none, and the same bundle shall give the same artifact.
const epoch = "1970-01-01T00:00:00Z"

// Options of Push and Pull.
type Options struct {
	// PlainHTTP talks HTTP without TLS. It is the default for addresses of this machine.
	PlainHTTP bool
	// User and Password are shown to the registry; without a user those that docker login keeps.
	User, Password string
}

// Signature is that of a bundle. The zero value is none.
type Signature struct {
	Key   string // ID
	Bytes []byte
}

// Artifact is a bundle in a registry.
type Artifact struct {
	Reference string // that was given
	Digest    string // of the artifact, "sha256:…": the reference that never changes is NAME@Digest
	Bundle    string // digest of the bundle, as in bundle.Info
	Size      int64  // bytes of the bundle
	Signature Signature
}

// Push puts a bundle into a registry under a reference such as "registry.example.com/team/shop:1.2.0". What the registry has already is
// not sent again.
func Push(ctx context.Context, reference string, archive io.Reader, info *bundle.Info, signature Signature, o Options) (*Artifact, error) {
	repo, err := open(reference, o)
	if err != nil {
		return nil, err
	}
	tag := repo.Reference.Reference
	if tag == "" || strings.Contains(tag, ":") {
		return nil, fmt.Errorf("oci: %q: a bundle is pushed under a tag, such as %s:1.0.0", reference, strings.SplitN(reference, "@", 2)[0])
	}
	layer := ocispec.Descriptor{MediaType: bundle.MediaType, Digest: digest.NewDigestFromEncoded(digest.SHA256, info.Digest), Size: info.Size}
	if exists, err := repo.Exists(ctx, layer); err != nil {
		return nil, explain(reference, err)
	} else if !exists {
		if err := repo.Push(ctx, layer, archive); err != nil && !errors.Is(err, errdef.ErrAlreadyExists) {
			return nil, explain(reference, err)
		}
	}
	annotations := map[string]string{
		ocispec.AnnotationCreated: epoch, ocispec.AnnotationTitle: info.Manifest.App, annotationApp: info.Manifest.App,
	}
	if info.Manifest.Version != "" {
		annotations[ocispec.AnnotationVersion] = info.Manifest.Version
	}
	if signature.Key != "" {
		annotations[annotationKey], annotations[annotationSignature] = signature.Key, base64.StdEncoding.EncodeToString(signature.Bytes)
	}
	manifest, err := oras.PackManifest(ctx, repo, oras.PackManifestVersion1_1, ArtifactType, oras.PackManifestOptions{
		Layers: []ocispec.Descriptor{layer}, ManifestAnnotations: annotations,
	})
	if err != nil {
		return nil, explain(reference, err)
	}
	if err := repo.Tag(ctx, manifest, tag); err != nil {
		return nil, explain(reference, err)
	}
	return &Artifact{Reference: reference, Digest: manifest.Digest.String(), Bundle: info.Digest, Size: info.Size, Signature: signature}, nil
}

// Pull copies the bundle under a reference, with a tag or a digest, to archive. The error for an artifact that is none of ours, or whose
// bytes are not those that it names, is a bundle.ErrInvalid.
func Pull(ctx context.Context, reference string, archive io.Writer, o Options) (*Artifact, error) {
	repo, err := open(reference, o)
	if err != nil {
		return nil, err
	}
	desc, body, err := repo.FetchReference(ctx, repo.Reference.Reference)
	if err != nil {
		return nil, explain(reference, err)
	}
	defer body.Close()
	m, err := readManifest(reference, desc, body)
	if err != nil {
		return nil, err
	}
	layer := m.Layers[0]
	a := &Artifact{Reference: reference, Digest: desc.Digest.String(), Bundle: layer.Digest.Encoded(), Size: layer.Size}
	if key := m.Annotations[annotationKey]; key != "" {
		a.Signature.Key = key
		if a.Signature.Bytes, err = base64.StdEncoding.DecodeString(m.Annotations[annotationSignature]); err != nil {
			return nil, fmt.Errorf("%w: the signature of %s is not readable", bundle.ErrInvalid, reference)
		}
	}
	content, err := repo.Fetch(ctx, layer)
	if err != nil {
		return nil, explain(reference, err)
	}
	defer content.Close()
	return a, copyVerified(archive, content, layer, reference)
}

const manifestLimit = 1 << 20

func readManifest(reference string, desc ocispec.Descriptor, body io.Reader) (*ocispec.Manifest, error) {
	if desc.Size > manifestLimit {
		return nil, fmt.Errorf("%w: the manifest of %s is longer than %d bytes", bundle.ErrInvalid, reference, manifestLimit)
	}
	text, err := content.ReadAll(body, desc)
	if err != nil {
		return nil, fmt.Errorf("%w: the manifest of %s: %v", bundle.ErrInvalid, reference, err)
	}
	m, err := decodeManifest(text)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: the manifest of %s: %v", bundle.ErrInvalid, reference, err)
	case m.ArtifactType != ArtifactType || len(m.Layers) != 1 || m.Layers[0].MediaType != bundle.MediaType:
		return nil, fmt.Errorf("%w: %s is no bundle of stackhost but of type %q", bundle.ErrInvalid, reference, typeOf(m, desc))
	case m.Layers[0].Digest.Algorithm() != digest.SHA256 || m.Layers[0].Digest.Validate() != nil:
		return nil, fmt.Errorf("%w: %s names its bundle by %q, not by SHA-256", bundle.ErrInvalid, reference, m.Layers[0].Digest)
	case m.Layers[0].Size < 1 || m.Layers[0].Size > bundle.LimitArchive:
		return nil, fmt.Errorf("%w: the bundle %s has %d bytes, the limit is %d", bundle.ErrInvalid, reference, m.Layers[0].Size, bundle.LimitArchive)
	}
	return m, nil
}

func typeOf(m *ocispec.Manifest, desc ocispec.Descriptor) string {
	for _, t := range []string{m.ArtifactType, m.Config.MediaType, m.MediaType} {
		if t != "" {
			return t
		}
	}
	return desc.MediaType
}

func copyVerified(w io.Writer, r io.Reader, layer ocispec.Descriptor, reference string) error {
	v := content.NewVerifyReader(r, layer)
	if _, err := io.Copy(w, v); err != nil {
		return fmt.Errorf("pull %s: %w", reference, err)
	}
	if err := v.Verify(); err != nil {
		return fmt.Errorf("%w: what the registry sent for %s is not what it names: %v", bundle.ErrInvalid, reference, err)
	}
	return nil
}

func open(reference string, o Options) (*remote.Repository, error) {
	reference = strings.TrimPrefix(reference, "oci://")
	repo, err := remote.NewRepository(reference)
	if err != nil {
		return nil, fmt.Errorf("oci: %q is no reference such as registry.example.com/team/shop:1.0.0: %w", reference, err)
	}
	if repo.Reference.Reference == "" {
		repo.Reference.Reference = "latest"
	}
	repo.PlainHTTP = o.PlainHTTP || loopback(repo.Reference)
	client := &auth.Client{Client: &http.Client{Transport: retry.NewTransport(nil)}, Cache: auth.NewCache()}
	client.SetUserAgent("stackhost")
	if o.User != "" {
		client.Credential = auth.StaticCredential(repo.Reference.Registry, auth.Credential{Username: o.User, Password: o.Password})
	} else if store, err := credentials.NewStoreFromDocker(credentials.StoreOptions{}); err == nil {
		client.Credential = credentials.Credential(store)
	}
	repo.Client = client
	return repo, nil
}

func loopback(r registry.Reference) bool {
	host := r.Host()
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// explain adds what to do to an error of a registry.
func explain(reference string, err error) error {
	hint := ""
	var refused *errcodeResponse
	switch {
	case errors.Is(err, errdef.ErrNotFound):
		hint = "; check its name and tag"
	case errors.As(err, &refused) && (refused.StatusCode == http.StatusUnauthorized || refused.StatusCode == http.StatusForbidden):
		hint = "; log in with `docker login`, or give --user and STACKHOST_REGISTRY_PASSWORD"
	case strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"):
		hint = "; use --plain-http for a registry without TLS"
	}
	if strings.Contains(err.Error(), reference) {
		return fmt.Errorf("registry: %w%s", err, hint)
	}
	return fmt.Errorf("registry: %s: %w%s", reference, err, hint)
}
