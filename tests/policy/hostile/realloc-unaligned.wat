;; Wants the request written to an odd address.
(func $realloc (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 70001))
