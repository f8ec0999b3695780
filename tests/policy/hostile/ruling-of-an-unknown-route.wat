;; Allows a route that there is not.
(data (i32.const 4096) "\08\10\00\00\06\00\00\00tunnel")
(func $decide (param i32) (result i32)
  (call $ruling (i32.const 600) (i32.const 0) (i32.const 0))
  (i64.store (i32.const 608) (i64.const 0x100001000))
  (call $answer (i32.const 600) (i32.const 1) (i32.const 0) (i32.const 0)))
