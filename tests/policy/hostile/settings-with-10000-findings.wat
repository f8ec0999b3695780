;; Finds 10,000 things wrong with its settings, all at one place.
;;! ask: check-settings
(memory (export "memory") 40)
(func $check (param i32 i32) (result i32)
  (i32.store (i32.const 512) (i32.const 131072))
  (i32.store (i32.const 516) (i32.const 10000))
  (i32.const 512))
