;; 2,000 findings that all show the same megabyte: 2 GB for a host that copies them.
(memory (export "memory") 40)
(func $decide (param i32) (result i32)
  (local $left i32) (local $at i32)
  (memory.fill (i32.const 1048576) (i32.const 97) (i32.const 1048576))
  (local.set $left (i32.const 2000))
  (local.set $at (i32.const 131072))
  (loop $again
    (call $finding (local.get $at) (i32.const 1048576) (i32.const 1048576))
    (local.set $at (i32.add (local.get $at) (i32.const 64)))
    (local.set $left (i32.sub (local.get $left) (i32.const 1)))
    (br_if $again (local.get $left)))
  (call $answer (i32.const 0) (i32.const 0) (i32.const 131072) (i32.const 2000)))
