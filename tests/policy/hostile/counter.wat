;; Keeps count of its calls, and allows from the second on: there never is a second.
(global $calls (mut i32) (i32.const 0))
(func $decide (param i32) (result i32)
  (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
  (call $rule (i32.lt_u (global.get $calls) (i32.const 2))))
