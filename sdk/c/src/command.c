/* Console commands. */

static sh_code sh_write_stream(uint32_t stream, sh_str bytes) {
    return bytes.len ? sh_zero_or_code(sh_import_core_write(stream, bytes.ptr, bytes.len)) : 0;
}

sh_code sh_print(sh_command *command, sh_str text) {
    return sh_write_stream(command->output, text);
}

sh_code sh_complain(sh_command *command, sh_str text) {
    return sh_write_stream(command->messages, text);
}

int64_t sh_run_command(const void *ptr, size_t len, const sh_command_row *commands, size_t count) {
    sh_command_request r;
    sh_code code = sh_decode(&sh_command_request_type, sh_bytes(ptr, len), &r);
    if (code) {
        return sh_failed(sh_fail(code, SH("the command record is malformed")));
    }
    sh_seed(r.random, r.time_us);
    sh_command c = {
        .name = r.name, .args = r.args.items, .count = r.args.count, .input = {.rest = SH(""), .stream = (uint32_t)r.input, .length = -1},
        .output = (uint32_t)r.output, .messages = (uint32_t)r.messages, .columns = r.columns, .id = r.id, .timeout_ms = r.timeout_ms,
    };
    sh_command_handler run = NULL;
    for (size_t i = 0; i < count && !run; i++) {
        if (sh_equal(sh_cstr(commands[i].name), r.name)) {
            run = commands[i].run;
        }
    }
    if (!run) {
        sh_complain(&c, sh_format("%v: this module has no such command\n", c.name));
        c.exit = 127;
    } else if ((code = run(&c)) != 0) {
        sh_str text = sh_last_error.len ? sh_last_error : sh_format("code %lld", (long long)code);
        sh_complain(&c, sh_format("%v: %v\n", c.name, text));
        c.exit = 1;
    }
    sh_command_result result = {(uint64_t)(c.exit & 255)};
    return result.exit ? sh_output(&sh_command_result_type, &result, 8) : 0;
}

static size_t sh_points(sh_str s) {
    size_t n = 0;
    for (size_t i = 0; i < s.len; i++) {
        n += ((uint8_t)s.ptr[i] & 0xc0) != 0x80;
    }
    return n;
}

static void sh_put_times(sh_buf *b, char c, size_t n) {
    while (n--) {
        sh_put_byte(b, c);
    }
}

sh_code sh_print_table(sh_command *command, const sh_str *cells, size_t columns, size_t rows) {
    size_t *widths = sh_alloc(columns * sizeof(size_t));
    for (size_t i = 0; i < rows * columns; i++) {
        size_t width = sh_points(cells[i]);
        if (width > widths[i % columns]) {
            widths[i % columns] = width;
        }
    }
    sh_buf b = {0};
    for (size_t i = 0; i < rows * columns; i++) {
        sh_put(&b, cells[i]);
        if (i % columns + 1 < columns) {
            sh_put_times(&b, ' ', widths[i % columns] + 2 - sh_points(cells[i]));
        } else {
            sh_put_byte(&b, '\n');
        }
    }
    return sh_print(command, sh_buf_str(&b));
}

enum { sh_widest_bar = 40, sh_shortest_bar = 10 };

static sh_code sh_draw(sh_progress *p) {
    uint64_t share = p->total ? (p->done < p->total ? p->done : p->total) * 100 / p->total : 0;
    sh_buf b = {0};
    sh_put_byte(&b, '\r');
    sh_put(&b, p->label);
    if (!p->total) {
        sh_put(&b, sh_format(": %llu", (unsigned long long)p->done));
    } else {
        sh_str counts = sh_format(" %llu %% %llu/%llu", (unsigned long long)share, (unsigned long long)p->done, (unsigned long long)p->total);
        size_t taken = sh_points(p->label) + counts.len + 4;
        size_t room = p->command->columns > taken ? (size_t)p->command->columns - taken : 0;
        if (room >= sh_shortest_bar) {
            room = room < sh_widest_bar ? room : sh_widest_bar;
            size_t full = room * (size_t)share / 100;
            sh_put(&b, SH(" ["));
            sh_put_times(&b, '=', full);
            sh_put_times(&b, ' ', room - full);
            sh_put_byte(&b, ']');
        }
        sh_put(&b, counts);
    }
    size_t width = sh_points(sh_buf_str(&b)) - 1;
    if (p->width > width) {
        sh_put_times(&b, ' ', p->width - width);
    }
    p->width = width;
    p->drawn = share;
    return sh_complain(p->command, sh_buf_str(&b));
}

sh_progress sh_progress_begin(sh_command *command, sh_str label, uint64_t total) {
    sh_progress p = {.command = command, .label = label, .total = total, .drawn = UINT64_MAX};
    return p;
}

sh_code sh_progress_add(sh_progress *p, uint64_t n) {
    p->done += n;
    bool due = p->total && (p->done < p->total ? p->done : p->total) * 100 / p->total != p->drawn;
    return p->command->columns && due ? sh_draw(p) : 0;
}

sh_code sh_progress_finish(sh_progress *p) {
    if (!p->command->columns) {
        return sh_complain(p->command, sh_format("%v: %llu done\n", p->label, (unsigned long long)p->done));
    }
    sh_code code = sh_draw(p);
    return code ? code : sh_complain(p->command, SH("\n"));
}
