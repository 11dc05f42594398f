(module
  (import "stackhost:kv@1" "increment" (func $increment (param i32 i32 i32 i32) (result i64)))
  (import "stackhost:kv@1" "get" (func $get (param i32 i32 i32 i32) (result i64)))
  (memory (export "memory") 1)

  ;; KvIncrementRequest: [namespace "posts", key "n", delta 1]
  (data (i32.const 16) "\93\a5posts\c4\01n\01")
  ;; KvGetRequest: [namespace "posts", key "n", consistency, max_staleness_ms 0]; the consistency is the byte at 74
  (data (i32.const 64) "\94\a5posts\c4\01n\00\00")
  ;; HttpResponse: [status 200, no headers, body]; the byte at 1029 is the body's length, the body is the reply of get
  (data (i32.const 1024) "\93\cc\c8\90\c4\00")
  ;; HttpResponse: [status 500, no headers, body]; the byte at 2055 is the code without its sign
  (data (i32.const 2048) "\93\cd\01\f4\90\c4\01\00")

  (func (export "stackhost_abi_1"))
  (func (export "stackhost_alloc") (param $len i32) (result i32)
    (if (result i32) (i32.gt_u (local.get $len) (i32.const 57344)) (then (i32.const 0)) (else (i32.const 8192))))

  ;; Adds 1 to the counter and answers with what reading it gives.
  (func (export "stackhost_http") (param $ptr i32) (param $len i32) (result i64)
    (local $n i64)
    (local.set $n (call $increment (i32.const 16) (i32.const 11) (i32.const 4096) (i32.const 256)))
    (if (i64.ge_s (local.get $n) (i64.const 0))
      (then (local.set $n (call $get (i32.const 64) (i32.const 12) (i32.const 1030) (i32.const 120)))))
    (if (i64.lt_s (local.get $n) (i64.const 0))
      (then
        (i64.store8 (i32.const 2055) (i64.sub (i64.const 0) (local.get $n)))
        (return (i64.or (i64.shl (i64.const 2048) (i64.const 32)) (i64.const 8)))))
    (i64.store8 (i32.const 1029) (local.get $n))
    (i64.or (i64.shl (i64.const 1024) (i64.const 32)) (i64.add (i64.const 6) (local.get $n))))

  ;; Reads the counter that often, and returns what the last call did.
  (func (export "read") (param $times i32) (param $consistency i32) (result i64)
    (local $n i64)
    (i32.store8 (i32.const 74) (local.get $consistency))
    (loop $again
      (local.set $n (call $get (i32.const 64) (i32.const 12) (i32.const 4096) (i32.const 256)))
      (local.set $times (i32.sub (local.get $times) (i32.const 1)))
      (br_if $again (i32.gt_s (local.get $times) (i32.const 0))))
    (local.get $n)))
