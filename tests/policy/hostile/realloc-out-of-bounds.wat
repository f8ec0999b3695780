;; Wants the request written outside its memory.
(func $realloc (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const -16))
