//go:build wasip1

// Command plugin is the example of docs/guides/extism.md: a plug-in made with Extism's Go PDK.
package main

import (
	"encoding/json"
	"fmt"

	"github.com/extism/go-pdk"
)

type request struct {
	Method  string              `json:"method"`
	Path    string              `json:"path"`
	Headers map[string][]string `json:"headers"`
	Params  map[string]string   `json:"params"`
	Body    string              `json:"body"`
}

type response struct {
	Status  int               `json:"status"`
	Headers map[string]string `json:"headers,omitempty"`
	Body    any               `json:"body"`
}

//go:wasmexport handle
func handle() int32 {
	var r request
	if err := pdk.InputJSON(&r); err != nil {
		pdk.SetError(err)
		return 1
	}
	greeting, ok := pdk.GetConfig("greeting")
	if !ok {
		greeting = "Hello"
	}
	pdk.Log(pdk.LogInfo, "greeting "+r.Params["name"])
	return answer(response{Status: 200, Body: fmt.Sprintf("%s, %s!", greeting, r.Params["name"])})
}

// guard lets only requests with a key pass.
//
//go:wasmexport guard
func guard() int32 {
	var r request
	if err := pdk.InputJSON(&r); err != nil {
		pdk.SetError(err)
		return 1
	}
	key := r.Headers["x-key"]
	if len(key) == 0 || key[0] != "open sesame" {
		return answer(map[string]any{"action": "answer", "response": response{Status: 403, Body: "no"}})
	}
	return answer(map[string]any{"action": "pass", "set_headers": map[string]string{"x-user": "ali baba"}, "remove_headers": []string{"x-key"}})
}

func answer(v any) int32 {
	b, err := json.Marshal(v)
	if err != nil {
		pdk.SetError(err)
		return 1
	}
	pdk.Output(b)
	return 0
}

func main() {}
