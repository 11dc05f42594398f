/* The C guest for tests of console commands. */
#include "stackhost.h"

static sh_code echo(sh_command *c) {
    sh_buf b = {0};
    for (size_t i = 0; i < c->count; i++) {
        if (i) sh_put_byte(&b, ' ');
        sh_put(&b, c->args[i]);
    }
    sh_put_byte(&b, '\n');
    return sh_print(c, sh_buf_str(&b));
}

static sh_code cat(sh_command *c) {
    static char piece[4096];
    int64_t n;
    while ((n = sh_body_read(&c->input, piece, sizeof piece)) > 0) {
        sh_code code = sh_print(c, sh_bytes(piece, (size_t)n));
        if (code) return code;
    }
    return n;
}

static sh_code fail(sh_command *c) {
    c->exit = 3;
    return sh_complain(c, SH("it failed\n"));
}

static sh_code wrong(sh_command *c) {
    (void)c;
    return sh_fail(SH_CODE_INVALID, SH("something is wrong"));
}

static sh_code count(sh_command *c) {
    int64_t total;
    if (c->count != 1 || !sh_parse_int(c->args[0], &total) || total < 0) {
        return sh_fail(SH_CODE_INVALID, SH("count takes a number"));
    }
    sh_progress bar = sh_progress_begin(c, SH("numbers"), (uint64_t)total);
    sh_code code = 0;
    for (int64_t i = 0; i < total && !code; i++) {
        code = sh_progress_add(&bar, 1);
    }
    if (code || (code = sh_progress_finish(&bar))) return code;
    sh_str cells[8] = {SH("n"), SH("square")};
    int64_t rows = total < 3 ? total : 3;
    for (int64_t n = 1; n <= rows; n++) {
        cells[2 * n] = sh_format("%lld", (long long)n);
        cells[2 * n + 1] = sh_format("%lld", (long long)(n * n));
    }
    return sh_print_table(c, cells, 2, (size_t)rows + 1);
}

static const sh_command_row commands[] = {{"echo", echo}, {"cat", cat}, {"fail", fail}, {"wrong", wrong}, {"count", count}};
SH_COMMANDS(commands)
