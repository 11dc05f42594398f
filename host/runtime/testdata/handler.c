// A small handler in C: formats an answer from the request and a counter, as the benchmarks of a request's whole life need.
static char input[4096], output[8192];
static unsigned counter;

__attribute__((export_name("input"))) char *input_area(void) { return input; }

__attribute__((export_name("handle"))) unsigned long long handle(const char *request, unsigned length) {
  unsigned n = 0;
  const char *hello = "hello ";
  while (*hello) output[n++] = *hello++;
  for (unsigned i = 0; i < length && i < sizeof input; i++) output[n++] = request[i];
  output[n++] = ' ';
  char digits[10];
  unsigned d = 0, v = ++counter;
  do digits[d++] = '0' + v % 10; while (v /= 10);
  while (d) output[n++] = digits[--d];
  return (unsigned long long)(unsigned)(unsigned long)output << 32 | n;
}

// Overruns the shadow stack.
__attribute__((export_name("overrun"), noinline)) int overrun(int n) {
  volatile char block[1024];
  block[0] = n;
  return n ? overrun(n + 1) + block[0] : 0;
}
