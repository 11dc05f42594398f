/* Runs handlers natively, against a host made of a few tables. Compile your tests with stackhost.c and stackhost_test.c; a C
 * library is needed for these. What a request returns lives until the next one. */
#ifndef STACKHOST_TEST_H
#define STACKHOST_TEST_H

#include "stackhost.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Forgets configuration, secrets, the fetch answer and the log. */
void sh_test_reset(void);
/** Sets a value that sh_config finds; key and value are not copied. */
void sh_test_config(const char *key, sh_value value);
void sh_test_secret(const char *name, const char *value);
/** Answers every sh_fetch; without it fetching is denied. */
void sh_test_fetch(int status, const char *body);
/** How many log records were written, and the message of the last one. */
size_t sh_test_logs(void);
const char *sh_test_last_log(void);

typedef struct sh_test_reply {
    /** 0, or the code that the handler failed with. */
    sh_code code;
    int status;
    sh_fields headers;
    sh_str body;
    /** Whether the response was started, and how often it was flushed. */
    bool streamed;
    size_t flushes;
} sh_test_reply;

/** A request; zeroed fields mean GET, / and no body. */
typedef struct sh_test_request {
    const char *method, *path, *query;
    sh_field headers[16];
    size_t header_count;
    sh_str body;
    /** Sends the body through a stream, in pieces of 7 bytes. */
    bool streamed;
} sh_test_request;

sh_test_reply sh_test_send(sh_handler handler, const sh_test_request *request);
/** A request without headers and body. */
sh_test_reply sh_test_get(sh_handler handler, const char *path, const char *query);

#ifdef __cplusplus
}
#endif
#endif
