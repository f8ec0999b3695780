;; Answers with a message that is outside its memory.
(func $decide (param i32) (result i32)
  (call $finding (i32.const 600) (i32.const 0xfffffff0) (i32.const 100))
  (call $answer (i32.const 0) (i32.const 0) (i32.const 600) (i32.const 1)))
