;; Answers with a million rulings, all of them zeros.
(memory (export "memory") 600)
(func $decide (param i32) (result i32)
  (call $answer (i32.const 131072) (i32.const 1000000) (i32.const 0) (i32.const 0)))
