;; Was not told something.
(data (i32.const 4096) "acme.example/cidr")
(func $decide (param i32) (result i32)
  (i32.store (i32.const 512) (i32.const 1))
  (i32.store (i32.const 516) (i32.const 1))
  (i32.store (i32.const 520) (i32.const 4096))
  (i32.store (i32.const 524) (i32.const 17))
  (i32.const 512))
