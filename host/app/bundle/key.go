package bundle

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
)

// Key signs bundles with Ed25519 (RFC 8032). Its text never holds the private part.
type Key struct{ private ed25519.PrivateKey }

// NewKey makes a key of the system's randomness.
func NewKey() (*Key, error) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	return &Key{private}, err
}

// ID names the key: the first 16 hexadecimal digits of the SHA-256 of its public part.
func (k *Key) ID() string { return KeyID(k.Public()) }

// Public is the public part, 32 bytes.
func (k *Key) Public() []byte { return k.private.Public().(ed25519.PublicKey) }

// String is the key's ID.
func (k *Key) String() string { return "key " + k.ID() }

// KeyID names a public key.
func KeyID(public []byte) string {
	sum := sha256.Sum256(public)
	return hex.EncodeToString(sum[:8])
}

// SignedText is what a signature covers.
func SignedText(digest [sha256.Size]byte) []byte {
	return append([]byte("stackhost bundle v1\n"), digest[:]...)
}

// Sign signs the bundle with this digest.
func (k *Key) Sign(digest string) ([]byte, error) {
	d, err := ParseDigest(digest)
	if err != nil {
		return nil, err
	}
	return ed25519.Sign(k.private, SignedText(d)), nil
}

// VerifySignature checks that the holder of public signed the bundle with this digest.
func VerifySignature(public []byte, digest string, signature []byte) error {
	d, err := ParseDigest(digest)
	if err != nil {
		return err
	}
	if len(public) != ed25519.PublicKeySize || !ed25519.Verify(public, SignedText(d), signature) {
		return invalid("its signature is not that of key %s", KeyID(public))
	}
	return nil
}

const (
	privateBlock = "PRIVATE KEY" // PKCS #8
	publicBlock  = "PUBLIC KEY"  // SubjectPublicKeyInfo
)

// Save writes the key to file, which must not exist and which only its owner can read, and its public part to file.pub.
func (k *Key) Save(file string) error {
	private, err := x509.MarshalPKCS8PrivateKey(k.private)
	if err != nil {
		return err
	}
	public, err := x509.MarshalPKIXPublicKey(ed25519.PublicKey(k.Public()))
	if err != nil {
		return err
	}
	if err := writeNew(file, 0o600, pem.EncodeToMemory(&pem.Block{Type: privateBlock, Bytes: private})); err != nil {
		return err
	}
	return writeNew(file+".pub", 0o644, pem.EncodeToMemory(&pem.Block{Type: publicBlock, Bytes: public}))
}

func writeNew(file string, mode os.FileMode, b []byte) error {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("%s exists; choose another name, or remove it when nothing needs it any more", file)
	}
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	return err
}

// LoadKey reads a key that Save wrote, or any Ed25519 key in PKCS #8.
func LoadKey(file string) (*Key, error) {
	block, err := readBlock(file, privateBlock)
	if err != nil {
		return nil, err
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block)
	private, ok := parsed.(ed25519.PrivateKey)
	if err != nil || !ok {
		return nil, fmt.Errorf("%s holds no Ed25519 key; make one with `stackhost key new`", file)
	}
	return &Key{private}, nil
}

// LoadPublicKey reads a public key.
func LoadPublicKey(file string) ([]byte, error) {
	block, err := readBlock(file, publicBlock)
	if err != nil {
		return nil, err
	}
	parsed, err := x509.ParsePKIXPublicKey(block)
	public, ok := parsed.(ed25519.PublicKey)
	if err != nil || !ok {
		return nil, fmt.Errorf("%s holds no public Ed25519 key; give the .pub file that `stackhost key new` made", file)
	}
	return public, nil
}

func readBlock(file, kind string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, 64<<10))
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(b)
	if block == nil || block.Type != kind {
		return nil, fmt.Errorf("%s is no PEM file with a %s", file, kind)
	}
	return block.Bytes, nil
}
