;; Names one object twice.
;;! ask: name-objects
;;! world: export meta; export naming;
(func $name-objects (param i32) (result i32)
  (i64.store (i32.const 604) (i64.const 0x400000100))
  (i64.store (i32.const 644) (i64.const 0x400000100))
  (call $answer (i32.const 600) (i32.const 2) (i32.const 0) (i32.const 0)))
