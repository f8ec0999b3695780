;; Says that its answer is at the end of all addresses.
(func $decide (param i32) (result i32) (i32.const -4))
