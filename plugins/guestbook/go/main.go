// Command posts keeps a guestbook: posts as keys with versions, pictures as blobs, and the front page in a cache that every new post
// invalidates by its tag.
package main

import (
	"fmt"
	"html"
	"strconv"
	"strings"
	"time"

	stackhost "github.com/stackhost/stackhost/sdk/go"
)

const (
	posts    = stackhost.KV("posts") // id → post
	meta     = stackhost.KV("meta")  // next id, number of posts
	pages    = stackhost.Cache("pages")
	pictures = stackhost.Blobs("pictures")

	perPage    = 10
	maxText    = 2000
	maxPicture = 4 << 20
)

func init() {
	stackhost.Handle("GET /{$}", front)
	stackhost.Handle("POST /posts", sign)
	stackhost.Handle("GET /api/posts", list)
	stackhost.Handle("GET /api/posts/{id}", show)
	stackhost.Handle("PUT /api/posts/{id}", edit)
	stackhost.Handle("DELETE /api/posts/{id}", remove)
	stackhost.Handle("PUT /api/posts/{id}/picture", upload)
	stackhost.Handle("GET /pictures/{id}", picture)
}

func main() {}

// post is what a key of posts holds, as lines: name, time, whether there is a picture, then the text. Every language reads that.
type post struct {
	id      string
	version uint64
	name    string
	at      time.Time
	picture bool
	text    string
}

func (p *post) encode() []byte {
	has := "-"
	if p.picture {
		has = "picture"
	}
	return []byte(p.name + "\n" + p.at.UTC().Format(time.RFC3339) + "\n" + has + "\n" + p.text)
}

func decode(e stackhost.Entry) *post {
	part := strings.SplitN(string(e.Value), "\n", 4)
	for len(part) < 4 {
		part = append(part, "")
	}
	at, _ := time.Parse(time.RFC3339, part[1])
	return &post{id: e.Key, version: e.Version, name: part[0], at: at, picture: part[2] == "picture", text: part[3]}
}

func (p *post) json() stackhost.Object {
	return stackhost.Object{
		{Name: "id", Value: p.id}, {Name: "name", Value: p.name}, {Name: "text", Value: p.text},
		{Name: "at", Value: p.at.UTC().Format(time.RFC3339)}, {Name: "picture", Value: p.picture}, {Name: "version", Value: strconv.FormatUint(p.version, 10)},
	}
}

// check says what is wrong with what a visitor wrote.
func check(name, text string) error {
	switch {
	case strings.TrimSpace(name) == "" || len(name) > 80 || strings.ContainsAny(name, "\r\n"):
		return stackhost.Fail(422, "a name of 1 to 80 bytes in one line is needed")
	case strings.TrimSpace(text) == "" || len(text) > maxText:
		return stackhost.Fail(422, fmt.Sprintf("a text of 1 to %d bytes is needed", maxText))
	}
	return nil
}

// sign adds a post. Ids count up, padded so that they sort.
func sign(w *stackhost.Response, r *stackhost.Request) error {
	form, err := r.Form()
	if err != nil {
		return err
	}
	name, text := form.Get("name"), strings.ReplaceAll(form.Get("text"), "\r\n", "\n")
	if err := check(name, text); err != nil {
		return err
	}
	n, err := meta.Increment("next", 1)
	if err != nil {
		return err
	}
	p := &post{id: fmt.Sprintf("%012d", n), name: name, at: r.Time(), text: text}
	written, err := new(stackhost.Txn).Check(posts, p.id, 0).Set(posts, p.id, p.encode()).Increment(meta, "count", 1).Commit()
	if err != nil {
		return err
	}
	p.version = written[0].Version
	if err := pages.Invalidate("posts"); err != nil {
		return err
	}
	if strings.Contains(r.Header("accept"), "text/html") {
		return w.Redirect(303, "/")
	}
	w.Status(201)
	w.Set("location", "/api/posts/"+p.id)
	return w.JSON(p.json())
}

// list gives a page of posts, newest first.
func list(w *stackhost.Response, r *stackhost.Request) error {
	page, err := newest(r.Query().Get("after"))
	if err != nil {
		return err
	}
	items := []any{}
	for _, e := range page.Entries {
		items = append(items, decode(e).json())
	}
	return w.JSON(stackhost.Object{{Name: "posts", Value: items}, {Name: "next", Value: page.Next}})
}

func newest(after string) (stackhost.Page, error) {
	return posts.Scan(stackhost.Scan{After: after, Limit: perPage, Reverse: true})
}

func find(id string) (*post, error) {
	e, found, err := posts.Get(id)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, stackhost.Fail(404, "there is no post "+id)
	}
	return decode(e), nil
}

func show(w *stackhost.Response, r *stackhost.Request) error {
	p, err := find(r.Param("id"))
	if err != nil {
		return err
	}
	w.Set("etag", etag(p.version))
	return w.JSON(p.json())
}

func etag(version uint64) string { return `"` + strconv.FormatUint(version, 10) + `"` }

// edit replaces a post's text, if it is still the version that the client saw.
func edit(w *stackhost.Response, r *stackhost.Request) error {
	p, err := find(r.Param("id"))
	if err != nil {
		return err
	}
	text, err := r.Bytes(maxText + 1)
	if err != nil {
		return err
	}
	if err := check(p.name, string(text)); err != nil {
		return err
	}
	switch r.Header("if-match") {
	case "":
		return stackhost.Fail(428, "send the post's version with If-Match: its ETag has it")
	case etag(p.version):
	default:
		return stackhost.Fail(412, "the post was changed in the meantime")
	}
	p.text = string(text)
	return save(w, p)
}

// save writes p over the version it was read with.
func save(w *stackhost.Response, p *post) error {
	version, err := posts.Set(p.id, p.encode(), stackhost.IfVersion(p.version))
	if e, ok := err.(*stackhost.Error); ok && e.Code == stackhost.CodeConflict {
		return stackhost.Fail(412, "the post was changed in the meantime")
	}
	if err != nil {
		return err
	}
	if err := pages.Invalidate("posts"); err != nil {
		return err
	}
	p.version = version
	w.Set("etag", etag(version))
	return w.JSON(p.json())
}

func remove(w *stackhost.Response, r *stackhost.Request) error {
	p, err := find(r.Param("id"))
	if err != nil {
		return err
	}
	if _, err := new(stackhost.Txn).Check(posts, p.id, p.version).Delete(posts, p.id).Increment(meta, "count", -1).Commit(); err != nil {
		return err
	}
	if p.picture {
		if _, err := pictures.Delete(p.id); err != nil {
			return err
		}
	}
	if err := pages.Invalidate("posts"); err != nil {
		return err
	}
	w.Status(204)
	return nil
}

// upload stores a post's picture as it comes in.
func upload(w *stackhost.Response, r *stackhost.Request) error {
	p, err := find(r.Param("id"))
	if err != nil {
		return err
	}
	kind := r.Header("content-type")
	switch kind {
	case "image/png", "image/jpeg", "image/gif", "image/webp":
	default:
		return stackhost.Fail(415, "a picture is image/png, image/jpeg, image/gif or image/webp")
	}
	if r.BodyLength() > maxPicture {
		return stackhost.Fail(413, "a picture has at most 4 MiB")
	}
	if _, err := pictures.PutFrom(p.id, r.Body(), stackhost.BlobOptions{ContentType: kind}); err != nil {
		return err
	}
	p.picture = true
	return save(w, p)
}

func picture(w *stackhost.Response, r *stackhost.Request) error {
	b, err := pictures.Open(r.Param("id"), 0, 0)
	if e, ok := err.(*stackhost.Error); ok && e.Code == stackhost.CodeNotFound {
		return stackhost.Fail(404, "there is no such picture")
	}
	if err != nil {
		return err
	}
	w.Set("content-type", b.ContentType)
	w.Set("cache-control", "no-cache")
	w.Set("etag", etag(b.Version))
	buf := make([]byte, 64<<10)
	for {
		n, err := b.Read(buf)
		if _, werr := w.Write(buf[:n]); werr != nil {
			return werr
		}
		if err != nil {
			return nil
		}
	}
}

// front shows the newest posts. It is rendered once after each change, for the whole cluster.
func front(w *stackhost.Response, r *stackhost.Request) error {
	page, err := pages.Remember("front", render, stackhost.For(time.Minute), stackhost.Tags("posts"))
	if err != nil {
		return err
	}
	return w.HTML(string(page))
}

func render() ([]byte, error) {
	page, err := newest("")
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	b.WriteString(`<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Guestbook</title><link rel="stylesheet" href="/static/guestbook.css">
<h1>Guestbook</h1>
<form method="post" action="/posts">
<label>Name <input name="name" required maxlength="80" autocomplete="name"></label>
<label>Text <textarea name="text" required rows="3" maxlength="2000"></textarea></label>
<button>Sign</button>
</form>
<main>
`)
	for _, e := range page.Entries {
		p := decode(e)
		fmt.Fprintf(&b, "<article id=\"p%s\"><header><strong>%s</strong><time datetime=\"%s\">%s</time></header><p>%s</p>", p.id,
			html.EscapeString(p.name), p.at.UTC().Format(time.RFC3339), p.at.UTC().Format("2 January 2006, 15:04"), html.EscapeString(p.text))
		if p.picture {
			fmt.Fprintf(&b, "<img src=\"/pictures/%s\" alt=\"picture of %s\" loading=\"lazy\">", p.id, html.EscapeString(p.name))
		}
		b.WriteString("</article>\n")
	}
	if len(page.Entries) == 0 {
		b.WriteString("<p class=\"empty\">Nobody has signed yet. Be the first.</p>\n")
	}
	b.WriteString("</main>\n")
	if page.Next != "" {
		fmt.Fprintf(&b, "<nav>Older posts: <a href=\"/api/posts?after=%s\">as JSON</a></nav>\n", page.Next)
	}
	return []byte(b.String()), nil
}
