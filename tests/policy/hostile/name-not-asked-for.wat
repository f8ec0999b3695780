;; Names an object that nobody asked about.
;;! ask: name-objects
;;! world: export meta; export naming;
(func $name-objects (param i32) (result i32)
  (i32.store (i32.const 600) (i32.const 77))
  (i32.store (i32.const 604) (i32.const 256))
  (i32.store (i32.const 608) (i32.const 4))
  (call $answer (i32.const 600) (i32.const 1) (i32.const 0) (i32.const 0)))
