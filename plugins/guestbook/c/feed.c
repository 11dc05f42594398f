/* The newest posts as an Atom feed (RFC 4287), from the keys that the Go module writes. */
#include "stackhost.h"

/* Takes the text up to the next line end out of rest. */
static sh_str line(sh_str *rest) {
    sh_str found = *rest;
    for (size_t i = 0; i < rest->len; i++) {
        if (rest->ptr[i] == '\n') {
            found = sh_bytes(rest->ptr, i);
            *rest = sh_bytes(rest->ptr + i + 1, rest->len - i - 1);
            return found;
        }
    }
    *rest = sh_bytes(rest->ptr, 0);
    return found;
}

static void escaped(sh_buf *b, sh_str s) {
    for (size_t i = 0; i < s.len; i++) {
        switch (s.ptr[i]) {
        case '&': sh_put(b, SH("&amp;")); break;
        case '<': sh_put(b, SH("&lt;")); break;
        case '>': sh_put(b, SH("&gt;")); break;
        default:
            if ((unsigned char)s.ptr[i] >= 0x20 || s.ptr[i] == '\n' || s.ptr[i] == '\t') { /* XML has no other control characters */
                sh_put_byte(b, s.ptr[i]);
            }
        }
    }
}

static sh_code feed(sh_request *request, sh_response *response) {
    (void)request;
    sh_kv_scan_request scan = {.space = SH("posts"), .limit = 20, .reverse = true};
    sh_kv_scan_reply page;
    sh_code code = sh_kv_scan(&scan, &page);
    if (code) {
        return code;
    }
    sh_buf entries = {0};
    sh_str updated = SH("1970-01-01T00:00:00Z");
    for (size_t i = 0; i < page.entries.count; i++) {
        sh_str rest = page.entries.items[i].value;
        sh_str name = line(&rest), at = line(&rest);
        line(&rest); /* whether there is a picture */
        if (i == 0) {
            updated = at;
        }
        sh_put(&entries, SH("<entry><id>urn:stackhost:guestbook:"));
        escaped(&entries, page.entries.items[i].key);
        sh_put(&entries, SH("</id><title>"));
        escaped(&entries, name);
        sh_put(&entries, SH("</title><author><name>"));
        escaped(&entries, name);
        sh_put(&entries, SH("</name></author><updated>"));
        escaped(&entries, at);
        sh_put(&entries, SH("</updated><content type=\"text\">"));
        escaped(&entries, rest);
        sh_put(&entries, SH("</content></entry>\n"));
    }
    sh_buf all = {0};
    sh_put(&all, SH("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\"><id>urn:stackhost:guestbook</id>"
                    "<title>Guestbook</title><updated>"));
    escaped(&all, updated);
    sh_put(&all, SH("</updated>\n"));
    sh_put(&all, sh_buf_str(&entries));
    sh_put(&all, SH("</feed>\n"));
    response->record.status = 200;
    response->record.body = sh_buf_str(&all);
    sh_add_header(response, "content-type", SH("application/atom+xml"));
    return 0;
}

SH_HTTP(feed)
