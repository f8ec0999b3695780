;; A label with two values.
;;! ask: name-objects
;;! world: export meta; export naming;
(data (i32.const 4096) "\00\01\00\00\04\00\00\00\00\01\00\00\01\00\00\00\00\01\00\00\04\00\00\00\00\01\00\00\02\00\00\00")
(func $name-objects (param i32) (result i32)
  (i64.store (i32.const 604) (i64.const 0x400000100))
  (i64.store (i32.const 624) (i64.const 0x200001000))
  (call $answer (i32.const 600) (i32.const 1) (i32.const 0) (i32.const 0)))
