;; Changes a v128 global, which the engine's API cannot carry.
(module
  (memory (export "memory") 1)
  (global $v (mut v128) (v128.const i64x2 0 0))
  (func (export "state") (result i32) (v128.any_true (global.get $v)))
  (func (export "change") (global.set $v (v128.const i64x2 1 2))))
