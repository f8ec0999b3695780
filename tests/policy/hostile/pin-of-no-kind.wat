;; A requirement that compares in no known way.
;;! ask: pin-gateway
;;! world: export meta; export pinning;
(data (i32.const 4096) "\00\01\00\00\04\00\00\00\05\00\00\00\00\00\00\00\00\00\00\00")
(func $pin-gateway (param i32) (result i32)
  (i32.store (i32.const 516) (i32.const 2))
  (i64.store (i32.const 520) (i64.const 0x100001000))
  (i32.const 512))
