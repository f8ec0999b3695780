;; Answers with a message of 100,000 bytes: it is cut.
(memory (export "memory") 4)
(func $decide (param i32) (result i32)
  (memory.fill (i32.const 131072) (i32.const 97) (i32.const 100000))
  (call $finding (i32.const 600) (i32.const 131072) (i32.const 100000))
  (call $answer (i32.const 0) (i32.const 0) (i32.const 600) (i32.const 1)))
