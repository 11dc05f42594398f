package load

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
)

// Dial connects to a store of any kind but etcd, whose own client lives with its server.
func Dial(job Job) (Client, error) {
	switch job.Kind {
	case "stackhost":
		return dialStackhost(job)
	case "etcd-http":
		h, err := DialHTTP(job.Address, "Content-Type: application/json\r\n")
		return &etcdHTTP{h}, err
	case "rqlite":
		h, err := DialHTTP(job.Address, "Content-Type: application/json\r\n")
		return &rqlite{h}, err
	case "redis":
		return dialRedis(job.Address)
	}
	return nil, fmt.Errorf("no kind %q", job.Kind)
}

// stackhost writes in a session, so that a write that is sent again is not done again.
type stackhost struct {
	*HTTP
	session  string
	sequence uint64
}

func dialStackhost(job Job) (Client, error) {
	h, err := DialHTTP(job.Address, "Authorization: Bearer "+job.Token+"\r\n")
	if err != nil {
		return nil, err
	}
	s := &stackhost{HTTP: h}
	if job.Op == "get" || job.Op == "stale" {
		return s, nil
	}
	status, body, err := h.Do("POST", "/v1/sessions", "", nil)
	var reply struct{ Session uint64 }
	if err = errors.Join(err, json.Unmarshal(body, &reply)); err != nil || status != 201 {
		h.Close()
		return nil, fmt.Errorf("open a session: %d %s %v", status, body, err)
	}
	s.session = "Stackhost-Session: " + strconv.FormatUint(reply.Session, 10) + "\r\nStackhost-Sequence: "
	return s, nil
}

func (s *stackhost) Put(key string, value []byte) error {
	s.sequence++
	status, body, err := s.Do("PUT", "/v1/apps/bench/kv/main/"+key, s.session+strconv.FormatUint(s.sequence, 10)+"\r\n", value)
	return check(status, body, err)
}

func (s *stackhost) Get(key string, stale bool) ([]byte, error) {
	path := "/v1/apps/bench/kv/main/" + key
	if stale {
		path += "?consistency=stale"
	}
	status, body, err := s.Do("GET", path, "", nil)
	return body, check(status, body, err)
}

func check(status int, body []byte, err error) error {
	if err == nil && status/100 != 2 {
		err = fmt.Errorf("%d %s", status, body)
	}
	return err
}

// etcdHTTP is etcd's gateway from JSON to gRPC.
type etcdHTTP struct{ *HTTP }

func (e *etcdHTTP) Put(key string, value []byte) error {
	body := []byte(`{"key":"` + base64.StdEncoding.EncodeToString([]byte(key)) + `","value":"` + base64.StdEncoding.EncodeToString(value) + `"}`)
	status, answer, err := e.Do("POST", "/v3/kv/put", "", body)
	return check(status, answer, err)
}

func (e *etcdHTTP) Get(key string, stale bool) ([]byte, error) {
	body := `{"key":"` + base64.StdEncoding.EncodeToString([]byte(key)) + `"`
	if stale {
		body += `,"serializable":true`
	}
	status, answer, err := e.Do("POST", "/v3/kv/range", "", []byte(body+"}"))
	if err := check(status, answer, err); err != nil {
		return nil, err
	}
	var reply struct{ KVs []struct{ Value []byte } }
	if err := json.Unmarshal(answer, &reply); err != nil || len(reply.KVs) != 1 {
		return nil, fmt.Errorf("get %s: %s %v", key, answer, err)
	}
	return reply.KVs[0].Value, nil
}

type rqlite struct{ *HTTP }

// RqliteTable is the statement that makes the table which puts and gets are on.
const RqliteTable = `[["CREATE TABLE IF NOT EXISTS kv (k TEXT PRIMARY KEY, v TEXT)"]]`

func (q *rqlite) Put(key string, value []byte) error {
	body := `[["INSERT INTO kv(k, v) VALUES(?, ?) ON CONFLICT(k) DO UPDATE SET v = excluded.v", "` + key + `", "` + string(value) + `"]]`
	status, answer, err := q.Do("POST", "/db/execute", "", []byte(body))
	if err := check(status, answer, err); err != nil {
		return err
	}
	var reply struct{ Results []struct{ Error string } }
	if err := json.Unmarshal(answer, &reply); err != nil || len(reply.Results) != 1 || reply.Results[0].Error != "" {
		return fmt.Errorf("put %s: %s %v", key, answer, err)
	}
	return nil
}

func (q *rqlite) Get(key string, stale bool) ([]byte, error) {
	path := "/db/query?level=linearizable"
	if stale {
		path = "/db/query?level=none"
	}
	status, answer, err := q.Do("POST", path, "", []byte(`[["SELECT v FROM kv WHERE k = ?", "`+key+`"]]`))
	if err := check(status, answer, err); err != nil {
		return nil, err
	}
	var reply struct{ Results []struct{ Values [][]string } }
	if err := json.Unmarshal(answer, &reply); err != nil || len(reply.Results) != 1 || len(reply.Results[0].Values) != 1 || len(reply.Results[0].Values[0]) != 1 {
		return nil, fmt.Errorf("get %s: %s %v", key, answer, err)
	}
	return []byte(reply.Results[0].Values[0][0]), nil
}
