/* The page at /c/. */
#define PAGE \
    "<!doctype html>\n" \
    "<html lang=\"en\">\n" \
    "<meta charset=\"utf-8\">\n" \
    "<meta name=\"viewport\" content=\"width=device-width\">\n" \
    "<title>C on stackhost</title>\n" \
    "<style>body{font:16px/1.5 system-ui,sans-serif;max-width:40rem;margin:3rem auto;padding:0 1rem}</style>\n" \
    "<h1>C</h1>\n" \
    "<p>This page is the answer of a WebAssembly module written in C.</p>\n" \
    "<ul>\n" \
    "<li><a href=\"/c/hello\">/c/hello</a>: plain text</li>\n" \
    "<li><a href=\"/c/json?a=1\">/c/json?a=1</a>: the request as JSON</li>\n" \
    "<li><a href=\"/c/stream?n=5\">/c/stream?n=5</a>: lines, one by one</li>\n" \
    "</ul>\n" \
    "<form method=\"post\" action=\"/c/form\">\n" \
    "<label>Name <input name=\"name\"></label>\n" \
    "<label>Message <input name=\"message\"></label>\n" \
    "<button>Send</button>\n" \
    "</form>\n" \
    "</html>\n"
