;; A module that breaks its side of the ABI in the way that the path of the request asks for: /0, /1, …
(module
  (import "stackhost:core@1" "log" (func $log (param i32 i32 i32 i32) (result i64)))
  (import "stackhost:core@1" "take" (func $take (param i32 i32) (result i64)))
  (import "stackhost:core@1" "read" (func $read (param i32 i32 i32) (result i64)))
  (import "stackhost:core@1" "close" (func $close (param i32) (result i64)))
  (import "stackhost:core@1" "config" (func $config (param i32 i32 i32 i32) (result i64)))
  (import "stackhost:core@1" "teleport" (func $teleport (param i32 i32 i32 i32) (result i64)))
  (import "stackhost:http@1" "respond" (func $respond (param i32 i32 i32 i32) (result i64)))
  (memory (export "memory") 2)
  (global $mode (mut i32) (i32.const 0))
  (data (i32.const 1024) "\93\cc\c8\90\c4\02ok")            ;; [200, [], "ok"]
  (data (i32.const 1100) "\93\cc\c8\92\a1x\c4\03a\0d\0a\c0") ;; a header value with a line break
  (data (i32.const 1200) "\93\dd\ff\ff\ff\ff")               ;; a list of four billion
  (data (i32.const 1300) "\91\a0")                           ;; ConfigRequest, the whole table
  (func (export "stackhost_abi_1"))
  (func (export "stackhost_alloc") (param $n i32) (result i32)
    (i32.const 4096))
  (func $ok (result i64) (i64.or (i64.shl (i64.const 1024) (i64.const 32)) (i64.const 8)))
  (func $pack (param $p i64) (param $n i64) (result i64) (i64.or (i64.shl (local.get $p) (i64.const 32)) (local.get $n)))
  ;; The mode is the letter after the first "/" of the record, which is the beginning of the path.
  (func $find (param $p i32) (param $n i32) (result i32) (local $end i32)
    (local.set $end (i32.add (local.get $p) (local.get $n)))
    (loop $next
      (if (i32.eq (i32.load8_u (local.get $p)) (i32.const 0x2f)) ;; /
        (then (return (i32.sub (i32.load8_u offset=1 (local.get $p)) (i32.const 0x61)))))
      (local.set $p (i32.add (local.get $p) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $p) (local.get $end))))
    (i32.const -1))
  ;; A middleware that streams its answer; with the path /b it also returns a verdict.
  (func (export "stackhost_middleware") (param $p i32) (param $n i32) (result i64)
    (drop (call $respond (i32.const 1024) (i32.const 8) (i32.const 2048) (i32.const 64)))
    (if (result i64) (i32.eq (call $find (local.get $p) (local.get $n)) (i32.const 1))
      (then (call $ok))
      (else (i64.const 0))))
  (func (export "stackhost_http") (param $p i32) (param $n i32) (result i64)
    (block $o (block $n1 (block $m (block $l (block $k (block $j (block $i (block $h (block $g (block $f (block $e (block $d (block $c (block $b (block $a
      (br_table $a $b $c $d $e $f $g $h $i $j $k $l $m $n1 $o (call $find (local.get $p) (local.get $n))))
      ;; a: well behaved
      (return (call $ok)))
      ;; b: a response outside memory
      (return (call $pack (i64.const 0x7ffffff0) (i64.const 64))))
      ;; c: a response that reaches over the end of memory
      (return (call $pack (i64.const 131064) (i64.const 64))))
      ;; d: a length of zero at a pointer
      (return (call $pack (i64.const 1024) (i64.const 0))))
      ;; e: bytes that are no record
      (return (call $pack (i64.const 8192) (i64.const 16))))
      ;; f: a record cut short
      (return (call $pack (i64.const 1024) (i64.const 5))))
      ;; g: a header that would split the response
      (return (call $pack (i64.const 1100) (i64.const 12))))
      ;; h: a list of four billion
      (return (call $pack (i64.const 1200) (i64.const 6))))
      ;; i: nothing at all
      (return (i64.const 0)))
      ;; j: a host call with its request outside memory
      (drop (call $log (i32.const -16) (i32.const 64) (i32.const 0) (i32.const 0)))
      (return (call $ok)))
      ;; k: a host call with its reply area outside memory
      (drop (call $config (i32.const 1300) (i32.const 2) (i32.const -16) (i32.const 64)))
      (return (call $ok)))
      ;; l: streams that do not exist, taking what was not kept, closing twice: codes, no trap
      (if (i64.ne (call $read (i32.const 99) (i32.const 0) (i32.const 8)) (i64.const -2)) (then unreachable))
      (if (i64.ne (call $close (i32.const 0)) (i64.const -2)) (then unreachable))
      (if (i64.ne (call $take (i32.const 0) (i32.const 8)) (i64.const -5)) (then unreachable))
      (return (call $ok)))
      ;; m: a function that this host does not know
      (if (i64.ne (call $teleport (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)) (i64.const -3)) (then unreachable))
      (return (call $ok)))
      ;; n: a reply that does not fit is kept, taken once, and then gone
      (if (i64.ne (call $config (i32.const 1300) (i32.const 2) (i32.const 0) (i32.const 1)) (call $take (i32.const 2048) (i32.const 1))) (then unreachable))
      (if (i64.lt_s (call $take (i32.const 2048) (i32.const 1024)) (i64.const 2)) (then unreachable))
      (if (i64.ne (call $take (i32.const 2048) (i32.const 1024)) (i64.const -5)) (then unreachable))
      (return (call $ok)))
    ;; o: answers twice
    (if (i64.lt_s (call $respond (i32.const 1024) (i32.const 8) (i32.const 2048) (i32.const 64)) (i64.const 0)) (then unreachable))
    (if (i64.ne (call $respond (i32.const 1024) (i32.const 8) (i32.const 2048) (i32.const 64)) (i64.const -10)) (then unreachable))
    (i64.const 0)))
