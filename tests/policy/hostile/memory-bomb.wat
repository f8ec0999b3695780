;; Takes all memory that it is given, and writes to it.
(func $decide (param i32) (result i32)
  (local $old i32)
  (loop $again
    (local.set $old (memory.grow (i32.const 16)))
    (memory.fill (i32.shl (local.get $old) (i32.const 16)) (i32.const 1) (i32.const 1048576))
    (br $again))
  (unreachable))
