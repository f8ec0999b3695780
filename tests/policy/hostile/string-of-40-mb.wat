;; Answers with a message of 40 MB.
(memory (export "memory") 700)
(func $decide (param i32) (result i32)
  (memory.fill (i32.const 131072) (i32.const 97) (i32.const 40000000))
  (call $finding (i32.const 600) (i32.const 131072) (i32.const 40000000))
  (call $answer (i32.const 0) (i32.const 0) (i32.const 600) (i32.const 1)))
