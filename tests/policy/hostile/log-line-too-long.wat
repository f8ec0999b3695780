;; Logs one line of 40 MB.
(import "kubectl-egress:policy/log@0.1.0" "log" (func $log (param i32 i32 i32)))
(memory (export "memory") 700)
(func $decide (param i32) (result i32)
  (call $log (i32.const 1) (i32.const 131072) (i32.const 40000000))
  (unreachable))
