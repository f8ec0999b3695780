;; Answers with a message that is no text.
(data (i32.const 4096) "\c3\28 is no text")
(func $decide (param i32) (result i32)
  (call $finding (i32.const 600) (i32.const 4096) (i32.const 13))
  (call $answer (i32.const 0) (i32.const 0) (i32.const 600) (i32.const 1)))
