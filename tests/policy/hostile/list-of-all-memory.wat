;; Answers with a list whose size does not fit 32 bits.
(func $decide (param i32) (result i32)
  (call $answer (i32.const 4096) (i32.const 0x80000001) (i32.const 0) (i32.const 0)))
