package app

// This file describes the manifest once. The validator, the JSON Schema and docs/manifest.md are made from it.

// kind of a value.
type kind string

const (
	kindString   kind = "string"
	kindInt      kind = "integer"
	kindBool     kind = "boolean"
	kindSize     kind = "size"     // "64MiB", or a number of bytes
	kindDuration kind = "duration" // "10s"
	kindTable    kind = "table"    // fixed keys
	kindMap      kind = "map"      // any keys, values of one shape
	kindList     kind = "list"
	kindAny      kind = "any"
)

// shape is what a value must look like.
type shape struct {
	kind    kind
	fields  []field  // of a table
	elem    *shape   // of a map or list
	enum    []string // of a string
	pattern string   // of a string, or of a map's keys; a regular expression that must match whole
	example string
}

// field is a key of a table.
type field struct {
	name     string
	shape    shape
	required bool
	def      string // the default, as people would write it
	doc      string
}

const namePattern = `[a-z][a-z0-9-]*`

var (
	text        = shape{kind: kindString, example: `"text"`}
	name        = shape{kind: kindString, pattern: namePattern, example: `"api"`}
	number      = shape{kind: kindInt, example: "100"}
	flag        = shape{kind: kindBool, example: "true"}
	size        = shape{kind: kindSize, example: `"64MiB"`}
	duration    = shape{kind: kindDuration, example: `"10s"`}
	free        = shape{kind: kindAny}
	names       = shape{kind: kindList, elem: &name, example: `["auth"]`}
	texts       = shape{kind: kindList, elem: &text, example: `["a", "b"]`}
	stringTable = shape{kind: kindMap, elem: &text, example: `{ key = "value" }`}
	freeTable   = shape{kind: kindMap, elem: &free, example: `{ key = "value" }`}
)

func oneOf(values ...string) shape {
	return shape{kind: kindString, enum: values, example: `"` + values[0] + `"`}
}

func table(fields ...field) shape { return shape{kind: kindTable, fields: fields} }

func list(elem shape) shape { return shape{kind: kindList, elem: &elem} }

func mapOf(elem shape) shape { return shape{kind: kindMap, elem: &elem, pattern: namePattern} }

var limitsShape = table(
	field{name: "memory", shape: size, def: `"64MiB"`, doc: "Linear memory of an instance."},
	field{name: "time", shape: duration, def: `"10s"`, doc: "Wall time of one call."},
	field{name: "fuel", shape: number, def: "none", doc: "Work of one call, in units of about one instruction."},
	field{name: "stack", shape: size, def: `"1MiB"`, doc: "Stack of nested calls."},
	field{name: "host_calls", shape: number, def: "100000", doc: "Calls to host functions in one call."},
	field{name: "response", shape: size, def: `"16MiB"`, doc: "Length of an answer's body."},
	field{name: "log", shape: size, def: `"64KiB"`, doc: "Log records of one call."},
	field{name: "outbound", shape: size, def: `"10MiB"`, doc: "Request bodies that one call sends out."},
	field{name: "concurrency", shape: number, def: "64", doc: "Instances at once."},
	field{name: "wait", shape: duration, def: `"1s"`, doc: "Longest wait for an instance before 503."},
)

var grantsShape = table(
	field{name: "fetch", doc: "Outbound HTTP.", shape: table(
		field{name: "hosts", shape: texts, required: true, doc: "Hosts that may be reached: `\"api.example.com\"`, `\"*.example.org\"`, `\"host:8443\"`, `\"https://host\"`, `\"*\"`."},
		field{name: "private", shape: flag, def: "false", doc: "Whether private, loopback and link-local addresses may be reached."},
		field{name: "methods", shape: texts, def: "all", doc: "Methods that may be used."},
		field{name: "timeout", shape: duration, def: `"30s"`, doc: "Of a whole exchange."},
		field{name: "max_response", shape: size, def: `"10MiB"`, doc: "Longest response body."},
		field{name: "concurrency", shape: number, def: "64", doc: "Requests under way at once."},
	)},
	field{name: "files", shape: stringTable, doc: "Folders that WASI shows to the module, read-only: `\"/data\" = \"folder\"`, relative to the app."},
)

var extismShape = table(
	field{name: "function", shape: text, def: `"handle"`, doc: "The export that handles HTTP requests."},
	field{name: "middleware", shape: text, doc: "The export that acts as middleware."},
	field{name: "job", shape: text, doc: "The export that does background work."},
	field{name: "allowed_hosts", shape: texts, doc: "Hosts for `http_request`, as in an Extism manifest; every redirect hop is checked."},
	field{name: "private", shape: flag, def: "false", doc: "Whether those hosts may have private addresses."},
	field{name: "config", shape: stringTable, doc: "Values for `config_get`."},
	field{name: "max_vars", shape: size, def: `"1MiB"`, doc: "Room for variables."},
	field{name: "max_http_response", shape: size, def: `"50MiB"`, doc: "Longest body that `http_request` accepts."},
	field{name: "functions", doc: "User host functions, each answered by another module's `job` trigger.", shape: list(table(
		field{name: "name", shape: text, required: true, doc: "Name of the import."},
		field{name: "namespace", shape: text, def: `"extism:host/user"`, doc: "Module of the import."},
		field{name: "module", shape: name, required: true, doc: "The module that answers."},
	))},
)

var moduleShape = table(
	field{name: "path", shape: text, doc: "A WebAssembly file, relative to the manifest."},
	field{name: "source", shape: text, doc: "A folder to build, or an engine's program file."},
	field{name: "language", shape: oneOf("go", "rust", "c", "assemblyscript", "zig"), doc: "Language of `source`, where it cannot be told from the files."},
	field{name: "build", shape: text, doc: "A shell command that builds `source`; it writes the module to the file named by `$STACKHOST_OUTPUT`."},
	field{name: "engine", shape: oneOf("js"), doc: "The interpreter that runs `source`."},
	field{name: "isolation", shape: oneOf("pristine", "reuse", "fresh"), def: `"pristine"`, doc: "What each call starts from: memory as it was after boot, what the last call left, or a new instance."},
	field{name: "args", shape: texts, doc: "WASI arguments."},
	field{name: "env", shape: stringTable, doc: "WASI environment."},
	field{name: "config", shape: freeTable, doc: "Values that the module reads through `core config`."},
	field{name: "secrets", shape: stringTable, doc: "Secrets by reference: `name = \"env:VARIABLE\"` or `\"file:path\"`."},
	field{name: "limits", shape: limitsShape, doc: "What the module may use."},
	field{name: "grants", shape: grantsShape, doc: "What the module may reach."},
	field{name: "extism", shape: extismShape, doc: "Settings of an Extism plug-in."},
)

var routeLimitsShape = table(
	field{name: "body", shape: size, def: "`server.body`", doc: "Longest request body."},
	field{name: "time", shape: duration, def: "the module's", doc: "Time for the whole answer."},
)

var routeShape = table(
	field{name: "path", shape: text, required: true, doc: "A pattern with Go's ServeMux syntax: `\"GET /users/{id}\"`, `\"/files/{rest...}\"`, `\"/{$}\"`, `\"example.com/\"`."},
	field{name: "module", shape: name, required: true, doc: "The module that handles it."},
	field{name: "middleware", shape: names, doc: "Modules that look at the request first, in this order."},
	field{name: "name", shape: text, doc: "A name for people."},
	field{name: "limits", shape: routeLimitsShape, doc: "Limits of this route."},
)

var manifestShape = table(
	field{name: "name", shape: name, required: true, doc: "Name of the app: lower-case letters, digits and dashes."},
	field{name: "version", shape: text, doc: "Version of the app, for people."},
	field{name: "description", shape: text, doc: "One line for people."},
	field{name: "modules", shape: mapOf(moduleShape), doc: "The modules, by name. Each has `path`, or `source` with a language, or `source` with an `engine`."},
	field{name: "limits", shape: limitsShape, doc: "Defaults for the limits of every module."},
	field{name: "routes", shape: list(routeShape), doc: "Which module handles which requests."},
	field{name: "groups", doc: "Routes that share a prefix, a host, middleware or limits.", shape: list(table(
		field{name: "prefix", shape: text, doc: "Put before the path of each route."},
		field{name: "host", shape: text, doc: "Put before the path of each route that names no host."},
		field{name: "middleware", shape: names, doc: "Run before each route's own."},
		field{name: "limits", shape: routeLimitsShape, doc: "For routes that set none."},
		field{name: "routes", shape: list(routeShape), required: true, doc: "The routes."},
	))},
	field{name: "static", doc: "Folders of files.", shape: list(table(
		field{name: "path", shape: text, required: true, doc: "The prefix, ending in a slash: `\"/assets/\"`."},
		field{name: "dir", shape: text, required: true, doc: "The folder, relative to the manifest."},
		field{name: "index", shape: text, def: `"index.html"`, doc: "The file shown for a folder."},
		field{name: "spa", shape: text, doc: "The file shown for paths that do not exist, for single-page applications."},
		field{name: "cache", shape: text, doc: "Cache-Control of the answers."},
		field{name: "middleware", shape: names, doc: "Modules that look at the request first."},
	))},
	field{name: "redirects", doc: "Paths that moved.", shape: list(table(
		field{name: "from", shape: text, required: true, doc: "A pattern."},
		field{name: "to", shape: text, required: true, doc: "A path or URL; `{name}` is replaced by the wildcard's value."},
		field{name: "status", shape: number, def: "308", doc: "301, 302, 303, 307 or 308."},
	))},
	field{name: "server", doc: "The HTTP front.", shape: table(
		field{name: "body", shape: size, def: `"16MiB"`, doc: "Longest request body."},
		field{name: "time", shape: duration, def: `"30s"`, doc: "Longest time for an answer."},
		field{name: "compress", shape: flag, def: "true", doc: "Whether answers are compressed for clients that accept it."},
	)},
)
