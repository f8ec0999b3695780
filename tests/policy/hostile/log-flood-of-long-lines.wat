;; Logs lines of 4 MB, without end.
;;! fuel: 9000000000000
;;! wall: 300
(import "kubectl-egress:policy/log@0.1.0" "log" (func $log (param i32 i32 i32)))
(memory (export "memory") 100)
(func $decide (param i32) (result i32)
  (memory.fill (i32.const 131072) (i32.const 97) (i32.const 4000000))
  (loop $again
    (call $log (i32.const 1) (i32.const 131072) (i32.const 4000000))
    (br_if $again (i32.const 1)))
  (unreachable))
