package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
)

// Spec is abi/v1.json.
type Spec struct {
	Schema         string       `json:"$schema"`
	Name           string       `json:"name"`
	Version        int          `json:"version"`
	Limits         []Limit      `json:"limits"`
	Codes          []Code       `json:"codes"`
	GuestCodesFrom int64        `json:"guest_codes_from"`
	Exports        []Export     `json:"exports"`
	Triggers       []Trigger    `json:"triggers"`
	Capabilities   []Capability `json:"capabilities"`
	Enums          []Enum       `json:"enums"`
	Records        []Record     `json:"records"`
}

// Limit is a number that both sides keep to.
type Limit struct {
	Name  string `json:"name"`
	Value int64  `json:"value"`
	Doc   string `json:"doc"`
}

// Code is a stable error code.
type Code struct {
	Name   string `json:"name"`
	Value  int64  `json:"value"`
	Retry  bool   `json:"retry"`
	Status int    `json:"status"`
	Since  int    `json:"since"`
	Doc    string `json:"doc"`
}

// Export is something that a guest exports.
type Export struct {
	Name     string   `json:"name"`
	Kind     string   `json:"kind"`
	Params   []string `json:"params"`
	Results  []string `json:"results"`
	Required bool     `json:"required"`
	Reserved bool     `json:"reserved"`
	Request  string   `json:"request"`
	Since    int      `json:"since"`
	Doc      string   `json:"doc"`
}

// Trigger is a reason to call a guest.
type Trigger struct {
	Name     string `json:"name"`
	Export   string `json:"export"`
	Request  string `json:"request"`
	Response string `json:"response"`
	Reserved bool   `json:"reserved"`
	Since    int    `json:"since"`
	Doc      string `json:"doc"`
}

// Capability is a named group of host functions.
type Capability struct {
	Name      string     `json:"name"`
	Version   int        `json:"version"`
	Since     int        `json:"since"`
	Implicit  bool       `json:"implicit"`
	Doc       string     `json:"doc"`
	Functions []Function `json:"functions"`
}

// Function is a host function of shape "call" or "direct".
type Function struct {
	Name    string   `json:"name"`
	Shape   string   `json:"shape"`
	Params  []string `json:"params"`
	Request string   `json:"request"`
	Reply   string   `json:"reply"`
	Since   int      `json:"since"`
	Doc     string   `json:"doc"`
}

// Enum is a set of named small integers.
type Enum struct {
	Name   string      `json:"name"`
	Since  int         `json:"since"`
	Doc    string      `json:"doc"`
	Values []EnumValue `json:"values"`
}

// EnumValue is one of them.
type EnumValue struct {
	Name  string `json:"name"`
	Value int64  `json:"value"`
	Doc   string `json:"doc"`
}

// Record is a positional array on the wire.
type Record struct {
	Name   string  `json:"name"`
	Since  int     `json:"since"`
	Doc    string  `json:"doc"`
	Fields []Field `json:"fields"`
}

// Field is one element of a record.
type Field struct {
	Name    string `json:"name"`
	Type    string `json:"type"`
	Default any    `json:"default"`
	Since   int    `json:"since"`
	Doc     string `json:"doc"`
}

// Type is a parsed field type: Kind is uint, int, bool, float, str, bin, any, headers, pairs, list, record or enum; Elem is
// the element type of a list, Name the name of a record or enum.
type Type struct {
	Kind string
	Name string
	Elem *Type
}

// ParseType parses a field's type, such as "list<BatchCall>" or "record<HttpResponse>".
func ParseType(text string) (Type, error) {
	switch text {
	case "uint", "int", "bool", "float", "str", "bin", "any", "headers", "pairs":
		return Type{Kind: text}, nil
	}
	kind, rest, ok := strings.Cut(text, "<")
	inner, closed := strings.CutSuffix(rest, ">")
	if !ok || !closed || inner == "" {
		return Type{}, fmt.Errorf("type %q is not known", text)
	}
	switch kind {
	case "record", "enum":
		return Type{Kind: kind, Name: inner}, nil
	case "list":
		elem, err := ParseType(inner)
		if err != nil {
			elem = Type{Kind: "record", Name: inner}
		}
		return Type{Kind: "list", Elem: &elem}, nil
	}
	return Type{}, fmt.Errorf("type %q is not known", text)
}

// MustType is ParseType for a validated Spec.
func MustType(text string) Type {
	t, err := ParseType(text)
	if err != nil {
		panic(err)
	}
	return t
}

// Load reads and validates the description.
func Load(path string) (*Spec, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return Parse(text)
}

// Parse decodes and validates a description. Unknown keys and text after it are errors.
func Parse(text []byte) (*Spec, error) {
	s := new(Spec)
	if err := decodeStrictly(text, s); err != nil {
		return nil, fmt.Errorf("abi description: %w", err)
	}
	if err := s.validate(); err != nil {
		return nil, fmt.Errorf("abi description: %w", err)
	}
	return s, nil
}

func decodeStrictly(text []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return fmt.Errorf("text follows the description")
	}
	return nil
}
