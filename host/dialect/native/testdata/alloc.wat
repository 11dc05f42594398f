;; Lies about where the host may write: the answer of stackhost_alloc is patched by the test.
(module
  (memory (export "memory") 1)
  (func (export "stackhost_abi_1"))
  (func (export "stackhost_alloc") (param i32) (result i32) (i32.const 0x11223344))
  (func (export "stackhost_http") (param i32 i32) (result i64) (i64.const -1)))
