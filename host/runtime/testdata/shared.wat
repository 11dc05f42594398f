;; Imports a memory, which the host does not offer.
(module
  (import "env" "memory" (memory 1))
  (func (export "noop")))
