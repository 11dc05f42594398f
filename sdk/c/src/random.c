/* Random numbers and the time of the current call. Each call brings 16 bytes that the host never gives twice; they key a
 * ChaCha20 generator (20 rounds, the 128-bit form "expand 16-byte k", 64-bit counter and nonce 0). */

static struct {
    uint32_t key[4], block[16];
    uint64_t counter, time_us;
    unsigned used;
    bool seeded;
} sh_now;

static void sh_seed(sh_str random, uint64_t time_us) {
    sh_now.seeded = random.len >= sizeof sh_now.key;
    if (sh_now.seeded) {
        sh_copy(sh_now.key, random.ptr, sizeof sh_now.key);
    }
    sh_now.counter = 0;
    sh_now.used = sizeof sh_now.block;
    sh_now.time_us = time_us;
}

static uint32_t sh_rotate(uint32_t v, int n) {
    return v << n | v >> (32 - n);
}

static void sh_next_block(void) {
    static const uint32_t constants[4] = {0x61707865, 0x3120646e, 0x79622d36, 0x6b206574};
    uint32_t start[16], *s = sh_now.block;
    for (int i = 0; i < 4; i++) {
        start[i] = constants[i];
        start[4 + i] = start[8 + i] = sh_now.key[i];
    }
    start[12] = (uint32_t)sh_now.counter;
    start[13] = (uint32_t)(sh_now.counter >> 32);
    start[14] = start[15] = 0;
    for (int i = 0; i < 16; i++) {
        s[i] = start[i];
    }
    for (int round = 0; round < 20; round++) {
        int d = round & 1; /* odd rounds work on the diagonals */
        for (int i = 0; i < 4; i++) {
            uint32_t *a = &s[i], *b = &s[4 + (i + d) % 4], *c = &s[8 + (i + 2 * d) % 4], *e = &s[12 + (i + 3 * d) % 4];
            *a += *b, *e = sh_rotate(*e ^ *a, 16), *c += *e, *b = sh_rotate(*b ^ *c, 12);
            *a += *b, *e = sh_rotate(*e ^ *a, 8), *c += *e, *b = sh_rotate(*b ^ *c, 7);
        }
    }
    for (int i = 0; i < 16; i++) {
        s[i] += start[i];
    }
    sh_now.counter++;
    sh_now.used = 0;
}

void sh_random(void *out, size_t len) {
    unsigned char *to = out;
    if (!sh_now.seeded) {
        sh_trap();
    }
    for (; len; len--) {
        if (sh_now.used == sizeof sh_now.block) {
            sh_next_block();
        }
        *to++ = ((unsigned char *)sh_now.block)[sh_now.used++];
    }
}

uint64_t sh_random_u64(void) {
    uint64_t v;
    sh_random(&v, sizeof v);
    return v;
}

uint64_t sh_random_below(uint64_t end) {
    if (!end) {
        return 0;
    }
    /* Values below the threshold would make some results more likely than others. */
    uint64_t threshold = (0 - end) % end, v;
    do {
        v = sh_random_u64();
    } while (v < threshold);
    return v % end;
}

sh_str sh_random_hex(size_t len) {
    char *bytes = sh_alloc_raw(len);
    sh_random(bytes, len);
    return sh_hex(sh_bytes(bytes, len));
}

uint64_t sh_time_us(void) {
    return sh_now.time_us;
}
