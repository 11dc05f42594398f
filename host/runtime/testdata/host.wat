;; Calls the host.
(module
  (import "host" "ping" (func $ping (param i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "once") (param i32) (result i32) (call $ping (local.get 0)))
  (func (export "flood") (loop $l (drop (call $ping (i32.const 1))) (br $l)))
  (func (export "many") (param i32)
    (loop $l
      (drop (call $ping (i32.const 1)))
      (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))
