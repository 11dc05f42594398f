package app

import (
	"fmt"
	"slices"
)

// This file describes the manifest once. The validator, the JSON Schema and docs/manifest.md are made from it.

// reserved are the words that may become names of the host's own in addresses, records and commands.
var reserved = []string{"all", "app", "default", "host", "none", "stackhost"}

const (
	sizePattern     = `([0-9]*[1-9][0-9]*(\.[0-9]+)?|[0-9]+\.[0-9]*[1-9][0-9]*) ?(B|kB|KB|MB|GB|KiB|MiB|GiB)`
	durationPattern = `([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+`
	maxSize         = 1 << 50
)

var (
	text     = shape{kind: kindString, example: `"text"`}
	name     = nameShape()
	module   = text.like(`"api"`) // whether it exists is checked, not how it is written
	number   = shape{kind: kindInt, min: 1, example: "100"}
	boolean  = shape{kind: kindBool, example: "true"}
	size     = shape{kind: kindSize, min: 1, max: maxSize, example: `"64MiB"`}
	duration = shape{kind: kindDuration, example: `"10s"`}
	free     = shape{kind: kindAny}
	path     = matching(`(.|\n)+`, "a path", `"folder/file"`)
	method   = matching(`[A-Z]+(-[A-Z]+)*`, "a method in capital letters", `"GET"`)
	variable = matching(`[A-Za-z_][A-Za-z0-9_]*`, "the name of a variable: letters, digits and underscores", `"LOG_LEVEL"`)
	pattern  = matching(`([^\s/]+[ \t]+)?[^\s/]*/\S*`, `a pattern: an optional method, an optional host and a path`, `"GET /users/{id}"`)
	modules  = list(module).like(`["auth"]`)
	texts    = list(text).like(`["a", "b"]`)
	methods  = list(method).like(`["GET", "POST"]`)
	strings_ = mapOf(text, text).like(`{ key = "value" }`)
	anything = mapOf(text, free).like(`{ key = "value" }`)
)

func nameShape() shape {
	s := matching(`[a-z](-?[a-z0-9])*`, "made of lower-case letters, digits and single dashes, beginning with a letter", `"shop"`)
	s.not, s.max = reserved, 63
	return s
}

var fetchHost = matching(`([hH][tT][tT][pP][sS]?://)?(\*|(\*\.)?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.?|\[[0-9A-Fa-f:.]+\])(:([0-9]{1,5}|\*))?`,
	"a host: no path, and a star only by itself or as the first label", `"api.example.com"`)

var limitsShape = table(
	field{name: "memory", shape: size.in(64<<10, 2<<30), def: `"64MiB"`, also: []string{"mem", "ram"}, doc: "Linear memory of an instance."},
	field{name: "time", shape: duration, def: `"10s"`, also: []string{"timeout", "deadline"}, doc: "Wall time of one call."},
	field{name: "fuel", shape: number, def: "none", also: []string{"cpu", "instructions"}, doc: "Work of one call, in units of about one instruction."},
	field{name: "stack", shape: size.in(16<<10, 64<<20), def: `"1MiB"`, doc: "Stack of nested calls."},
	field{name: "host_calls", shape: number, def: "100000", also: []string{"calls"}, doc: "Calls to host functions in one call."},
	field{name: "response", shape: size, def: `"16MiB"`, doc: "Length of an answer's body."},
	field{name: "log", shape: size, def: `"64KiB"`, also: []string{"logs"}, doc: "Log records of one call."},
	field{name: "outbound", shape: size, def: `"10MiB"`, doc: "Request bodies that one call sends out."},
	field{name: "concurrency", shape: number.in(1, 65536).like("8"), def: "64", also: []string{"instances", "pool"}, doc: "Instances at once."},
	field{name: "wait", shape: duration, def: `"1s"`, doc: "Longest wait for an instance before 503."},
).named("limits")

// namespaces are what is granted of one kind of stored data.
var namespaces = list(matching(`(\*|[A-Za-z0-9._-]{1,64})(:read)?`, "a namespace: 1 to 64 letters, digits, points, dashes and underscores, or a star; `:read` after it is for reading only", `"posts"`)).like(`["posts", "settings:read"]`)

const namespacesDoc = "Namespaces of the app's %s that the module may use; `\"*\"` for all. `\"name:read\"` is for reading only."

var grantsShape = table(
	field{name: "kv", shape: namespaces, also: []string{"keyvalue", "db", "database"}, doc: fmt.Sprintf(namespacesDoc, "keys and values")},
	field{name: "cache", shape: namespaces, doc: fmt.Sprintf(namespacesDoc, "caches")},
	field{name: "lock", shape: namespaces, also: []string{"locks"}, doc: fmt.Sprintf(namespacesDoc, "locks")},
	field{name: "blob", shape: namespaces, also: []string{"blobs", "storage"}, doc: fmt.Sprintf(namespacesDoc, "blobs")},
	field{name: "secret", shape: list(matching(`[A-Za-z0-9._-]{1,64}`, "the name of a secret", `"API_KEY"`)).like(`["API_KEY"]`),
		doc: "Secrets of the cluster that the module may read, which `stackhost secret set` sets. Those of the manifest are in `secrets`."},
	field{name: "fetch", also: []string{"http", "outbound", "network"}, doc: "Outbound HTTP. Nothing can be reached without it.", shape: table(
		field{name: "hosts", shape: list(fetchHost).like(`["api.example.com"]`), required: true, doc: "Hosts that may be reached: `\"api.example.com\"`, `\"*.example.org\"`, `\"host:8443\"`, `\"https://host\"`, `\"*\"`. Every redirect is checked again."},
		field{name: "private", shape: boolean, def: "false", doc: "Whether private, loopback and link-local addresses may be reached."},
		field{name: "methods", shape: methods, def: "all", doc: "Methods that may be used."},
		field{name: "timeout", shape: duration, def: `"30s"`, also: []string{"time"}, doc: "Time for a whole exchange."},
		field{name: "max_response", shape: size, def: `"10MiB"`, doc: "Longest response body."},
		field{name: "concurrency", shape: number.in(1, 65536).like("8"), def: "64", doc: "Requests under way at once."},
	)},
	field{name: "files", shape: mapOf(matching(`/.*`, "an absolute path, which begins with a slash", `"/data"`), path).like(`{ "/data" = "folder" }`),
		also: []string{"dirs", "mounts", "folders"}, doc: "Folders that WASI shows to the module, read-only: `\"/data\" = \"folder\"`, relative to the manifest."},
)

var extismShape = table(
	field{name: "function", shape: text, def: `"handle"`, also: []string{"entrypoint", "export"}, doc: "The export that handles HTTP requests."},
	field{name: "middleware", shape: text, doc: "The export that acts as middleware."},
	field{name: "job", shape: text, doc: "The export that does background work."},
	field{name: "allowed_hosts", shape: texts, also: []string{"hosts"}, doc: "Hosts for `http_request`, as in an Extism manifest; every redirect is checked again."},
	field{name: "private", shape: boolean, def: "false", doc: "Whether those hosts may have private addresses."},
	field{name: "config", shape: strings_, doc: "Values for `config_get`."},
	field{name: "max_vars", shape: size, def: `"1MiB"`, doc: "Room for variables."},
	field{name: "max_http_response", shape: size, def: `"50MiB"`, doc: "Longest body that `http_request` accepts."},
	field{name: "functions", doc: "User host functions, each answered by another module's `job` trigger.", shape: list(table(
		field{name: "name", shape: text, required: true, doc: "Name of the import."},
		field{name: "namespace", shape: text, def: `"extism:host/user"`, doc: "Module of the import."},
		field{name: "module", shape: module, required: true, doc: "The module that answers."},
	))},
)

func moduleShape() shape {
	s := table(
		field{name: "path", shape: path.like(`"api.wasm"`), also: []string{"wasm", "file", "module"}, doc: "The WebAssembly file, relative to the manifest. With `source` it is what a build writes, and may be missing before the first one."},
		field{name: "source", shape: path.like(`"api"`), also: []string{"src", "dir", "folder"}, doc: "The folder to build, or, with `engine`, the program file."},
		field{name: "language", shape: oneOf("go", "rust", "c", "assemblyscript", "zig"), needs: "source", also: []string{"lang"}, doc: "Language of `source`, where it cannot be told from the files."},
		field{name: "build", shape: text.like(`"make api.wasm"`), needs: "source", also: []string{"command"}, doc: "The shell command that builds `source`, run there. It writes the module to the file named by `$STACKHOST_OUTPUT`, which is `path` where there is one."},
		field{name: "engine", shape: oneOf("js"), needs: "source", doc: "The interpreter that runs `source`."},
		field{name: "isolation", shape: oneOf("pristine", "reuse", "fresh"), def: `"pristine"`, doc: "What each call starts from: memory as it was after boot, what the last call left, or a new instance."},
		field{name: "args", shape: texts, doc: "WASI arguments."},
		field{name: "env", shape: mapOf(variable, text).like(`{ LOG_LEVEL = "info" }`), also: []string{"environment"}, doc: "WASI environment."},
		field{name: "config", shape: anything, doc: "Values that the module reads through `core config`. Any TOML."},
		field{name: "secrets", shape: mapOf(text, matching(`(env:[A-Za-z_][A-Za-z0-9_]*|file:(.|\n)+)`, "a reference", `"env:API_KEY"`)).like(`{ api_key = "env:API_KEY" }`),
			doc: "Secrets by reference: `name = \"env:VARIABLE\"` or `name = \"file:path\"`. The values never appear in the manifest, records or messages."},
		field{name: "limits", shape: limitsShape, doc: "What the module may use."},
		field{name: "grants", shape: grantsShape, doc: "What the module may reach."},
		field{name: "extism", shape: extismShape, doc: "Settings of an Extism plug-in."},
	)
	s.any = []string{"path", "source"}
	s.apart = [][2]string{{"engine", "path"}, {"engine", "build"}, {"engine", "language"}}
	return s
}

var routeLimitsShape = table(
	field{name: "body", shape: size, def: "`server.body`", doc: "Longest request body."},
	field{name: "time", shape: duration, def: "`server.time`", also: []string{"timeout"}, doc: "Time for the whole answer. The module's own limit applies too."},
).named("route-limits")

// staticFields are shared by a route's static table and [[static]].
var staticFields = []field{
	{name: "dir", shape: path.like(`"public"`), required: true, also: []string{"folder", "root"}, doc: "The folder, relative to the manifest."},
	{name: "index", shape: text.like(`"index.html"`), def: `"index.html"`, doc: "The file shown for a folder; `\"-\"` for none."},
	{name: "spa", shape: path.like(`"index.html"`), also: []string{"fallback"}, doc: "The file in `dir` shown for paths that do not exist, for single-page applications."},
	{name: "cache", shape: text.like(`"public, max-age=3600"`), def: `"no-cache"`, also: []string{"cache_control", "cache-control"}, doc: "Cache-Control of the answers. `no-cache` lets clients keep a copy that they ask about."},
	{name: "precompressed", shape: boolean, def: "true", doc: "Whether `.br`, `.zst` and `.gz` files beside a file are sent to clients that accept them."},
	{name: "dotfiles", shape: boolean, def: "false", doc: "Whether files whose names begin with a dot are served. Those below `.well-known` always are."},
}

// redirectFields are shared by a route's redirect table and [[redirects]].
var redirectFields = []field{
	{name: "to", shape: matching(`/\S*|https?://[^\s/{}?#]+([/?#]\S*)?`, `a path that begins with a slash, or a URL`, `"/new"`), required: true, also: []string{"target", "location", "url"}, doc: "A path or URL; `{name}` is replaced by the wildcard's value."},
	{name: "status", shape: shape{kind: kindInt, numbers: []int64{301, 302, 303, 307, 308}, example: "308"}, def: "308", also: []string{"code"}, doc: "301 and 308 for what moved for good, 302, 303 and 307 for now."},
}

var middlewareField = field{name: "middleware", shape: modules, doc: "Modules that look at the request first, in this order."}

func routeShape() shape {
	s := table(
		field{name: "path", shape: pattern, required: true, also: []string{"pattern", "route", "url"}, doc: "A pattern with Go's ServeMux syntax: `\"GET /users/{id}\"`, `\"/files/{rest...}\"`, `\"/{$}\"`, `\"example.com/\"`."},
		field{name: "methods", shape: methods, also: []string{"method"}, doc: "The methods, for a path that names none. GET answers HEAD too."},
		field{name: "module", shape: module, also: []string{"handler", "to"}, doc: "The module that handles it."},
		field{name: "static", shape: table(staticFields...).named("files"), doc: "The folder of files that answers it; the path ends in a slash."},
		field{name: "redirect", shape: table(redirectFields...).named("redirection"), doc: "Where clients are sent instead."},
		middlewareField,
		field{name: "name", shape: text.like(`"user"`), doc: "A name for people, in records and reports; no two routes share one."},
		field{name: "limits", shape: routeLimitsShape, doc: "Limits of this route."},
	).named("route")
	s.one = []string{"module", "static", "redirect"}
	return s
}

var staticShape = table(slices.Concat([]field{
	{name: "path", shape: matching(`/([^\s{}/]+/)*`, "a path that begins and ends with a slash and has no wildcards", `"/assets/"`), required: true, also: []string{"prefix"}, doc: "The prefix, ending in a slash: `\"/assets/\"`."},
}, staticFields, []field{middlewareField})...).named("static")

var redirectShape = table(slices.Concat([]field{
	{name: "from", shape: pattern.like(`"/old"`), required: true, also: []string{"path"}, doc: "A pattern, as in a route."},
}, redirectFields)...).named("redirect")

var commandShape = table(
	field{name: "name", shape: matching(`[a-z0-9][a-z0-9._:-]*`, "a name of lower-case letters, digits, dots, dashes, colons and underscores", `"import"`), required: true, also: []string{"command"}, doc: "The command's name: `stackhost run APP NAME`."},
	field{name: "module", shape: module, required: true, also: []string{"handler"}, doc: "The module that runs it."},
	field{name: "usage", shape: text.like(`"[--dry-run] FILE"`), doc: "What may follow the name, for people."},
	field{name: "help", shape: text.like(`"Import products from a CSV file"`), also: []string{"description", "doc"}, doc: "One line for people."},
	field{name: "time", shape: duration, def: `"1h"`, also: []string{"timeout"}, doc: "Time for one run. The module's own limit of time does not apply."},
).named("command")

var routingFields = []field{
	{name: "routes", shape: list(routeShape()), doc: "Which module handles which requests. The most specific pattern wins, whatever the order; two that could both win are an error."},
	{name: "static", shape: list(staticShape), doc: "Folders of files."},
	{name: "redirects", shape: list(redirectShape), doc: "Addresses that moved."},
}

func groupShape() *shape {
	g := new(shape)
	*g = table(slices.Concat([]field{
		{name: "prefix", shape: matching(`(/[^\s/]+)+`, "a prefix: it begins with a slash and ends without one", `"/admin"`), also: []string{"path"}, doc: "Put before the path of everything in the group."},
		{name: "host", shape: matching(`[^\s/{}]+`, "a host name", `"admin.example.com"`), doc: "Put before the path of everything in the group that names no host."},
		{name: "middleware", shape: modules, doc: "Modules that look at the request before those of each route."},
		{name: "limits", shape: routeLimitsShape, doc: "For routes that set none."},
		{name: "groups", shape: shape{kind: kindList, elem: g}, doc: "Groups inside this one."},
	}, routingFields)...).named("group")
	return g
}

var manifestShape = table(slices.Concat([]field{
	{name: "name", shape: name, required: true, doc: "Name of the app: lower-case letters, digits and dashes."},
	{name: "version", shape: text.like(`"1.0.0"`), doc: "Version of the app, for people."},
	{name: "description", shape: text, doc: "One line for people."},
	{name: "modules", shape: mapOf(name, moduleShape()).like(`[modules.api]`), also: []string{"module"}, doc: "The modules, by name. Each has a `path`, a `source` to build, or a `source` with an `engine`."},
}, routingFields, []field{
	{name: "groups", shape: shape{kind: kindList, elem: groupShape()}, doc: "Routes that share a prefix, a host, middleware or limits."},
	{name: "commands", shape: list(commandShape), also: []string{"command"}, doc: "Console commands that modules answer: `stackhost run APP` lists them."},
	{name: "limits", shape: limitsShape, doc: "Defaults for the limits of every module: the keys of `[modules.NAME.limits]`."},
	{name: "quota", doc: "What the app may keep and do. A write beyond it is refused with the code `quota`.", shape: table(
		field{name: "bytes", shape: size, def: "none", also: []string{"size", "storage"}, doc: "Bytes of keys and values, blobs and caches, as the app sees them."},
		field{name: "keys", shape: number, def: "none", doc: "Keys."},
		field{name: "ops", shape: number, def: "none", also: []string{"rate", "operations"}, doc: "Operations a second on each node, over all modules."},
	)},
	{name: "server", also: []string{"http", "web"}, doc: "The HTTP front.", shape: table(
		field{name: "body", shape: size, def: `"16MiB"`, also: []string{"max_body", "body_limit"}, doc: "Longest request body."},
		field{name: "time", shape: duration, def: `"30s"`, also: []string{"timeout", "request_timeout"}, doc: "Longest time for an answer."},
		field{name: "compress", shape: boolean, def: "true", also: []string{"compression", "gzip"}, doc: "Whether answers are compressed for clients that accept it."},
	)},
})...)
