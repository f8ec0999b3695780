;; A path that is neither there nor not there.
(func $decide (param i32) (result i32)
  (call $finding (i32.const 600) (i32.const 256) (i32.const 16))
  (i32.store8 (i32.const 620) (i32.const 2))
  (call $answer (i32.const 0) (i32.const 0) (i32.const 600) (i32.const 1)))
