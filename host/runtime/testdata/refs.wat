;; Keeps references in a mutable global: state that only its own instance can hold.
(module
  (memory (export "memory") 1)
  (global $f (mut funcref) (ref.null func))
  (elem declare func $one)
  (func $one (result i32) (i32.const 1))
  (func (export "state") (result i32) (i32.eqz (ref.is_null (global.get $f))))
  (func (export "change") (global.set $f (ref.func $one))))
