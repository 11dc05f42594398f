// An Extism plug-in written against the raw imports, so that it needs no PDK: it reads its input, as every plug-in does, and
// answers with the JSON response that stackhost's extism dialect documents.
typedef unsigned char u8;
typedef unsigned long long u64;
#define IMPORT(name) __attribute__((import_module("extism:host/env"), import_name(name)))
IMPORT("input_length") u64 input_length(void);
IMPORT("input_load_u64") u64 input_load_u64(u64 at);
IMPORT("alloc") u64 alloc(u64 n);
IMPORT("store_u8") void store_u8(u64 at, unsigned value);
IMPORT("store_u64") void store_u64(u64 at, u64 value);
IMPORT("output_set") void output_set(u64 at, u64 n);

static const char answer[] =
    "{\"status\":200,\"headers\":{\"content-type\":\"text/plain; charset=utf-8\"},\"body\":\"Hello from Extism\"}";

__attribute__((export_name("handle"))) int handle(void) {
  u64 seen = 0, n = input_length();
  for (u64 i = 0; i + 8 <= n; i += 8) seen ^= input_load_u64(i);
  volatile u64 keep = seen;
  (void)keep;
  u64 length = sizeof answer - 1, at = alloc(length), i = 0;
  for (; i + 8 <= length; i += 8) {
    u64 word = 0;
    for (int b = 7; b >= 0; b--) word = word << 8 | (u8)answer[i + b];
    store_u64(at + i, word);
  }
  for (; i < length; i++) store_u8(at + i, (u8)answer[i]);
  output_set(at, length);
  return 0;
}
