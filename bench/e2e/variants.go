package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// variant is one server under load.
type variant struct {
	name, what string
	path       string
	shared     string // stackhost variants of one app share a process
	start      func(l *lab, address string) ([]*exec.Cmd, error)
	address    string
	measured   []measurement
}

func variants() []*variant {
	stack := func(app string) func(*lab, string) ([]*exec.Cmd, error) {
		return func(l *lab, address string) ([]*exec.Cmd, error) {
			return []*exec.Cmd{exec.Command(filepath.Join(l.dir, "stackhost"), "serve", filepath.Join(l.bench, app), "--listen", address,
				"--data", filepath.Join(l.dir, "data"), "--log-level", "error")}, nil
		}
	}
	welcome := stack("../plugins/welcome")
	return []*variant{
		{name: "fasthttp", what: "bare fasthttp, no WebAssembly", start: func(l *lab, address string) ([]*exec.Cmd, error) {
			return []*exec.Cmd{exec.Command(filepath.Join(l.dir, "fasthttp"), address)}, nil
		}},
		{name: "c", path: "/c/hello", shared: "welcome", what: "stackhost, C guest, pristine", start: welcome},
		{name: "rust", path: "/rust/hello", shared: "welcome", what: "stackhost, Rust guest, pristine", start: welcome},
		{name: "go", path: "/go/hello", shared: "welcome", what: "stackhost, Go guest, pristine", start: welcome},
		{name: "assemblyscript", path: "/assemblyscript/hello", shared: "welcome", what: "stackhost, AssemblyScript guest, pristine", start: welcome},
		{name: "zig", path: "/zig/hello", shared: "welcome", what: "stackhost, Zig guest, pristine", start: welcome},
		{name: "js", path: "/js/hello", shared: "welcome", what: "stackhost, JavaScript guest, pristine", start: welcome},
		{name: "extism", path: "/extism", shared: "extism", what: "stackhost, Extism plug-in, pristine", start: stack("app")},
		{name: "extism-go-sdk", what: "the same plug-in, Extism's Go SDK, reused", start: extism("reused")},
		{name: "extism-go-sdk-fresh", what: "the same, an instance for each request", start: extism("fresh")},
		{name: "node", what: "Node http, one process", start: node},
		{name: "workerd", what: "workerd", start: workerd},
		{name: "php-fpm", what: "nginx and PHP-FPM", start: php},
	}
}

func extism(mode string) func(*lab, string) ([]*exec.Cmd, error) {
	return func(l *lab, address string) ([]*exec.Cmd, error) {
		guest := filepath.Join(l.bench, "app", "extism_hello.wasm")
		return []*exec.Cmd{exec.Command(filepath.Join(l.dir, "extism"), address, guest, mode)}, nil
	}
}

func node(l *lab, address string) ([]*exec.Cmd, error) {
	if _, err := exec.LookPath("node"); err != nil {
		return nil, errors.New("node is not installed")
	}
	return []*exec.Cmd{exec.Command("node", filepath.Join(l.bench, "peers/node/server.js"), address)}, nil
}

func workerd(l *lab, address string) ([]*exec.Cmd, error) {
	npm := filepath.Join(l.dir, "npm")
	if err := os.MkdirAll(npm, 0o755); err != nil {
		return nil, err
	}
	install := exec.Command("npm", "install", "--prefix", npm, "--ignore-scripts", "--no-audit", "--no-fund", "--silent", "workerd@1.20261117.1")
	if out, err := install.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("npm install workerd: %v: %s", err, out)
	}
	found, _ := filepath.Glob(filepath.Join(npm, "node_modules/@cloudflare/workerd-*/bin/workerd"))
	if len(found) == 0 {
		return nil, errors.New("the workerd package has no binary for this machine")
	}
	return []*exec.Cmd{exec.Command(found[0], "serve", filepath.Join(l.bench, "peers/workerd/config.capnp"), "--socket-addr", "http="+address)}, nil
}

func php(l *lab, address string) ([]*exec.Cmd, error) {
	fpm, _ := filepath.Glob("/usr/sbin/php-fpm*")
	nginx, err := exec.LookPath("nginx")
	if len(fpm) == 0 || err != nil {
		return nil, errors.New("nginx or php-fpm is not installed (apt install nginx-light php-fpm)")
	}
	dir := filepath.Join(l.dir, "php")
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, err
	}
	socket := filepath.Join(dir, "fpm.sock")
	fpmConf := fmt.Sprintf("[global]\nerror_log = %s/fpm.log\ndaemonize = no\n[www]\nlisten = %s\nlisten.mode = 0666\nuser = nobody\ngroup = nogroup\npm = static\npm.max_children = 16\npm.max_requests = 0\n", dir, socket)
	nginxConf := fmt.Sprintf(`daemon off; pid %[1]s/nginx.pid; error_log %[1]s/nginx.log; worker_processes 2;
events { worker_connections 1024; }
http { access_log off; keepalive_requests 1000000;
  client_body_temp_path %[1]s/b; proxy_temp_path %[1]s/p; fastcgi_temp_path %[1]s/f; uwsgi_temp_path %[1]s/u; scgi_temp_path %[1]s/s;
  upstream php { server unix:%[2]s; keepalive 16; }
  server { listen %[3]s; location / { fastcgi_pass php; fastcgi_keep_conn on; fastcgi_param SCRIPT_FILENAME %[4]s; fastcgi_param REQUEST_METHOD $request_method; fastcgi_param QUERY_STRING $query_string; } } }
`, dir, socket, address, filepath.Join(dir, "hello.php"))
	source, err := os.ReadFile(filepath.Join(l.bench, "peers/php/hello.php"))
	if err != nil {
		return nil, err
	}
	for name, text := range map[string]string{"fpm.conf": fpmConf, "nginx.conf": nginxConf, "hello.php": string(source)} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			return nil, err
		}
	}
	// The workers run as another user: they must be able to reach the script.
	for d := dir; strings.HasPrefix(d, os.TempDir()+"/"); d = filepath.Dir(d) {
		os.Chmod(d, 0o755)
	}
	return []*exec.Cmd{
		exec.Command(fpm[0], "-y", filepath.Join(dir, "fpm.conf"), "-R"),
		exec.Command(nginx, "-c", filepath.Join(dir, "nginx.conf"), "-p", dir, "-e", filepath.Join(dir, "nginx.log")),
	}, nil
}
