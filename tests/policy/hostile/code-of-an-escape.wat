;; A code that colours the terminal.
(data $code (i32.const 256) "\1b[31mallowed\1b[0mx")
(func $decide (param i32) (result i32)
  (call $finding (i32.const 600) (i32.const 256) (i32.const 16))
  (call $answer (i32.const 0) (i32.const 0) (i32.const 600) (i32.const 1)))
