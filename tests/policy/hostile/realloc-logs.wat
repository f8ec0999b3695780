;; Calls the host while the host calls it, as Go's collector does.
(import "kubectl-egress:policy/log@0.1.0" "log" (func $log (param i32 i32 i32)))
(func $realloc (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
  (call $log (i32.const 1) (i32.const 256) (i32.const 4))
  (i32.const 65536))
