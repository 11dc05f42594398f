;; Grows its memory until it is refused, then gives up as an allocator does.
(module
  (memory (export "memory") 1)
  (func (export "bomb")
    (loop $more
      (br_if $more (i32.ne (memory.grow (i32.const 16)) (i32.const -1))))
    unreachable)
  (func (export "modest") (result i32) (memory.grow (i32.const -1)))
  (func (export "pages") (result i32) (memory.size)))
