// Compute kernels for the metering benchmark and for comparing rewritten code
// with the original. Each takes a size and returns a checksum.
//
// clang --target=wasm32 -O2 -nostdlib -ffreestanding -fno-builtin -Wl,--no-entry -Wl,--strip-debug
//   -mbulk-memory -o kernels.wasm kernels.c

typedef unsigned int u32;
typedef unsigned char u8;
typedef unsigned long long u64;

#define EXPORT(name) __attribute__((export_name(#name), noinline))

static u8 buf[1 << 20];

EXPORT(fib) u32 fib(u32 n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }

EXPORT(loop) u32 loop(u32 n) {
	u32 x = 1;
	for (u32 i = 0; i < n; i++) x = x * 1664525u + 1013904223u;
	return x;
}

static const u32 k[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
	0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
	0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
	0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
	0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static u32 rotr(u32 x, int n) { return x >> n | x << (32 - n); }

static void block(u32 *h, const u8 *p) {
	u32 w[64];
	for (int i = 0; i < 16; i++)
		w[i] = (u32)p[4 * i] << 24 | (u32)p[4 * i + 1] << 16 | (u32)p[4 * i + 2] << 8 | p[4 * i + 3];
	for (int i = 16; i < 64; i++) {
		u32 s0 = rotr(w[i - 15], 7) ^ rotr(w[i - 15], 18) ^ w[i - 15] >> 3;
		u32 s1 = rotr(w[i - 2], 17) ^ rotr(w[i - 2], 19) ^ w[i - 2] >> 10;
		w[i] = w[i - 16] + s0 + w[i - 7] + s1;
	}
	u32 v[8];
	for (int i = 0; i < 8; i++) v[i] = h[i];
#pragma clang loop unroll(disable)
	for (int i = 0; i < 64; i++) {
		u32 s1 = rotr(v[4], 6) ^ rotr(v[4], 11) ^ rotr(v[4], 25);
		u32 t1 = v[7] + s1 + ((v[4] & v[5]) ^ (~v[4] & v[6])) + k[i] + w[i];
		u32 s0 = rotr(v[0], 2) ^ rotr(v[0], 13) ^ rotr(v[0], 22);
		u32 t2 = s0 + ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
		v[7] = v[6]; v[6] = v[5]; v[5] = v[4]; v[4] = v[3] + t1;
		v[3] = v[2]; v[2] = v[1]; v[1] = v[0]; v[0] = t1 + t2;
	}
	for (int i = 0; i < 8; i++) h[i] += v[i];
}

EXPORT(sha256) u32 sha256(u32 n) {
	u32 h[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
	for (u32 i = 0; i + 64 <= n; i += 64) block(h, buf + (i & 0xffc0));
	return h[0];
}

static double ma[64 * 64], mb[64 * 64], mc[64 * 64];

EXPORT(matmul) u32 matmul(u32 n) {
	if (n > 64) n = 64;
	for (u32 i = 0; i < n * n; i++) { ma[i] = i % 7; mb[i] = i % 5; }
	for (u32 i = 0; i < n; i++)
		for (u32 j = 0; j < n; j++) {
			double s = 0;
#pragma clang loop unroll(disable)
			for (u32 x = 0; x < n; x++) s += ma[i * n + x] * mb[x * n + j];
			mc[i * n + j] = s;
		}
	return (u32)mc[n * n - 1];
}

EXPORT(sieve) u32 sieve(u32 n) {
	u32 count = 0;
	if (n > sizeof buf) n = sizeof buf;
	__builtin_memset(buf, 1, n);
	for (u32 i = 2; i < n; i++) {
		if (!buf[i]) continue;
		count++;
#pragma clang loop unroll(disable)
		for (u32 j = i * 2; j < n; j += i) buf[j] = 0;
	}
	return count;
}

static const char doc[] =
	"{\"id\": 12345, \"name\": \"a name with some length\", \"tags\": [\"red\", \"green\", \"blue\"], "
	"\"nested\": {\"values\": [1, 2, 3, 4.5, -6e7, true, false, null], \"deep\": [[[[1]]]]}, \"text\": "
	"\"lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor\"}";

static const char *value(const char *p, u32 *sum);

static const char *space(const char *p) {
	while (*p == ' ' || *p == '\n' || *p == '\t') p++;
	return p;
}

static const char *string(const char *p, u32 *sum) {
	u32 h = 5381;
	for (p++; *p != '"'; p++) {
		if (*p == '\\') p++;
		h = h * 33 + *p;
	}
	*sum += h;
	return p + 1;
}

static const char *list(const char *p, u32 *sum, char end, int object) {
	p = space(p + 1);
	while (*p != end) {
		if (object) {
			p = space(string(p, sum));
			p++;
		}
		p = space(value(space(p), sum));
		if (*p == ',') p = space(p + 1);
	}
	return p + 1;
}

static const char *value(const char *p, u32 *sum) {
	switch (*p) {
	case '{': return list(p, sum, '}', 1);
	case '[': return list(p, sum, ']', 0);
	case '"': return string(p, sum);
	}
	u32 v = 0;
	while (*p != ',' && *p != ']' && *p != '}' && *p != ' ') v = v * 10 + (*p++ - '0');
	*sum += v;
	return p;
}

EXPORT(json) u32 json(u32 n) {
	u32 sum = 0;
	for (u32 i = 0; i < n; i++) value(doc, &sum);
	return sum;
}

static int less(u32 a, u32 b) { return a < b; }
static int more(u32 a, u32 b) { return a > b; }
static int (*volatile order[2])(u32, u32) = {less, more};

EXPORT(sort) u32 sort(u32 n) {
	u32 *v = (u32 *)buf, x = 1;
	if (n > sizeof buf / 4) n = sizeof buf / 4;
	for (u32 i = 0; i < n; i++) v[i] = x = x * 1664525u + 1013904223u;
	for (u32 gap = n / 2; gap > 0; gap /= 2)
		for (u32 i = gap; i < n; i++) {
			u32 t = v[i], j = i;
			while (j >= gap && order[n & 1](t, v[j - gap])) { v[j] = v[j - gap]; j -= gap; }
			v[j] = t;
		}
	return v[n / 3];
}

// A bytecode interpreter: sum = 0; do { sum += n; n--; } while (n);
EXPORT(interp) u32 interp(u32 n) {
	static volatile u8 code[] = {0, 1, 2, 3, 4, 1, 5, 0, 6};
	u32 acc = 0, pc = 1, x = 0;
	for (;;) {
		switch (code[pc]) {
		case 1: acc += n; pc++; break;
		case 2: n--; pc++; break;
		case 3: x ^= acc; pc++; break;
		case 4: x += 7; pc++; break;
		case 5: pc = n ? 1 : 8; break;
		case 6: return acc ^ x;
		default: pc++;
		}
	}
}

EXPORT(bytes) u32 bytes(u32 n) {
	u32 sum = 0;
	for (u32 i = 0; i < n; i++) {
		__builtin_memcpy(buf + 4096 + (i & 255), buf + (i & 127), 48 + (i & 15));
		sum += buf[4100];
	}
	return sum;
}

EXPORT(strlen) u32 length(u32 n) {
	u32 sum = 0;
	for (u32 i = 0; i < n; i++) {
		const volatile char *p = doc;
		while (*p) p++;
		sum += p - doc;
	}
	return sum;
}

struct node { struct node *left, *right; };
static struct node pool[1 << 14];
static u32 used;

static struct node *tree(u32 depth) {
	struct node *t = &pool[used++];
	t->left = t->right = 0;
	if (depth) { t->left = tree(depth - 1); t->right = tree(depth - 1); }
	return t;
}

static u32 weigh(struct node *t) { return t->left ? 1 + weigh(t->left) + weigh(t->right) : 1; }

EXPORT(trees) u32 trees(u32 n) {
	u32 sum = 0;
	for (u32 i = 0; i < n; i++) { used = 0; sum += weigh(tree(10)); }
	return sum;
}
