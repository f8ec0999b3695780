;; Logs 10,000 lines.
(import "kubectl-egress:policy/log@0.1.0" "log" (func $log (param i32 i32 i32)))
(func $decide (param i32) (result i32)
  (local $left i32)
  (local.set $left (i32.const 10000))
  (loop $again
    (call $log (i32.const 1) (i32.const 256) (i32.const 4))
    (local.set $left (i32.sub (local.get $left) (i32.const 1)))
    (br_if $again (local.get $left)))
  (call $rule (i32.const 1)))
