;; Two rulings whose lists of findings are the same, and whose findings are the rulings.
(func $decide (param i32) (result i32)
  (call $ruling (i32.const 600) (i32.const 0) (i32.const 1))
  (call $ruling (i32.const 632) (i32.const 1) (i32.const 1))
  (i32.store (i32.const 624) (i32.const 600))
  (i32.store (i32.const 628) (i32.const 1))
  (i32.store (i32.const 656) (i32.const 600))
  (i32.store (i32.const 660) (i32.const 1))
  (call $answer (i32.const 600) (i32.const 2) (i32.const 600) (i32.const 1)))
