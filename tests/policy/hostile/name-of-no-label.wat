;; Names that Kubernetes does not take: they are read here, and judged with the objects.
;;! ask: name-objects
;;! world: export meta; export naming;
(data (i32.const 4096) "Not A Label/../x")
(func $name-objects (param i32) (result i32)
  (i64.store (i32.const 604) (i64.const 0x1000001000))
  (call $answer (i32.const 600) (i32.const 1) (i32.const 0) (i32.const 0)))
