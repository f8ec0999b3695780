;; Shows the bits of a result that is not a number: the same on every machine.
(data (i32.const 4096) "00000000")
(func $decide (param i32) (result i32)
  (local $bits i32) (local $place i32)
  (local.set $bits (i32.reinterpret_f32 (f32.sqrt (f32.const -1))))
  (local.set $place (i32.const 4104))
  (loop $again
    (local.set $place (i32.sub (local.get $place) (i32.const 1)))
    (i32.store8 (local.get $place)
      (select
        (i32.add (i32.and (local.get $bits) (i32.const 15)) (i32.const 48))
        (i32.add (i32.and (local.get $bits) (i32.const 15)) (i32.const 87))
        (i32.lt_u (i32.and (local.get $bits) (i32.const 15)) (i32.const 10))))
    (local.set $bits (i32.shr_u (local.get $bits) (i32.const 4)))
    (br_if $again (i32.gt_u (local.get $place) (i32.const 4096))))
  (call $finding (i32.const 600) (i32.const 4096) (i32.const 8))
  (call $answer (i32.const 0) (i32.const 0) (i32.const 600) (i32.const 1)))
