;; Fails, and says so in colours.
(data (i32.const 4096) "\1b[31mout of ideas\1b[0m")
(func $decide (param i32) (result i32)
  (i32.store (i32.const 512) (i32.const 1))
  (i32.store (i32.const 516) (i32.const 2))
  (i32.store (i32.const 520) (i32.const 4096))
  (i32.store (i32.const 524) (i32.const 21))
  (i32.const 512))
