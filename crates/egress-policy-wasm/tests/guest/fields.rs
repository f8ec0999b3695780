//! The fields of a core module that answers well, and helpers for those of a case.
//!
//! Memory: answers at 512, `host-not-allowed` at 256, the descriptor at 1024, what a case puts there from 4096 on, and
//! from 65536 on what the host brings.

/// What is there unless a case has something of the same name.
pub(super) const FIELDS: &[(&str, &str)] = &[
    ("(memory (export", "(memory (export \"memory\") 2)\n"),
    ("$code", "(data $code (i32.const 256) \"host-not-allowed\")\n"),
    (
        "(func $realloc",
        r#"
(global $next (mut i32) (i32.const 65536))
;; Gives out memory upwards, and never takes any back.
(func $realloc (export "cabi_realloc")
  (param $old i32) (param $old_size i32) (param $align i32) (param $size i32) (result i32)
  (local $start i32)
  (local.set $start (i32.and (i32.add (global.get $next) (i32.const 15)) (i32.const -16)))
  (global.set $next (i32.add (local.get $start) (local.get $size)))
  (if (i32.gt_u (global.get $next) (i32.shl (memory.size) (i32.const 16)))
    (then (drop (memory.grow (i32.add (i32.shr_u (local.get $size) (i32.const 16)) (i32.const 1))))))
  (local.get $start))
"#,
    ),
    ("(func $describe", "(func $describe (result i32) (i32.const 1024))\n"),
    (
        "(func $check",
        "(func $check (param i32 i32) (result i32) (i64.store (i32.const 512) (i64.const 0)) (i32.const 512))\n",
    ),
    (
        "(func $decide",
        r"
(func $decide (param $request i32) (result i32) (call $rule (i32.const 1)))
",
    ),
    (
        "(func $rule ",
        r"
;; Decides the same about two destinations.
(func $rule (param $decision i32) (result i32)
  (call $ruling (i32.const 600) (i32.const 0) (local.get $decision))
  (call $ruling (i32.const 632) (i32.const 1) (local.get $decision))
  (call $answer (i32.const 600) (i32.const 2) (i32.const 0) (i32.const 0)))
",
    ),
    (
        "(func $name-objects",
        r"
(func $name-objects (param $request i32) (result i32)
  (call $answer (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)))
",
    ),
    (
        "(func $pin-gateway",
        r"
(func $pin-gateway (param $request i32) (result i32)
  (memory.fill (i32.const 512) (i32.const 0) (i32.const 60))
  (i32.const 512))
",
    ),
    (
        "(func $answer",
        r"
;; ok(rulings or names, findings, no trace)
(func $answer (param $list i32) (param $count i32) (param $findings i32) (param $finding_count i32) (result i32)
  (memory.fill (i32.const 512) (i32.const 0) (i32.const 28))
  (i32.store (i32.const 516) (local.get $list))
  (i32.store (i32.const 520) (local.get $count))
  (i32.store (i32.const 524) (local.get $findings))
  (i32.store (i32.const 528) (local.get $finding_count))
  (i32.const 512))
",
    ),
    (
        "(func $ruling",
        r"
;; 0: allow, 1: deny, 2: abstain
(func $ruling (param $at i32) (param $destination i32) (param $decision i32)
  (memory.fill (local.get $at) (i32.const 0) (i32.const 32))
  (i32.store (local.get $at) (local.get $destination))
  (i32.store8 offset=4 (local.get $at) (local.get $decision)))
",
    ),
    (
        "(func $finding",
        r"
;; A finding that denies.
(func $finding (param $at i32) (param $message i32) (param $length i32)
  (memory.fill (local.get $at) (i32.const 0) (i32.const 64))
  (i32.store (local.get $at) (i32.const 256))
  (i32.store offset=4 (local.get $at) (i32.const 16))
  (i32.store offset=12 (local.get $at) (local.get $message))
  (i32.store offset=16 (local.get $at) (local.get $length)))
",
    ),
];

/// Functions of the interfaces, and who plays them.
pub(super) const EXPORTS: &[(&str, &str)] = &[
    ("meta#describe", "$describe"),
    ("meta#check-settings", "$check"),
    ("hosts#decide", "$decide"),
    ("naming#name-objects", "$name-objects"),
    ("pinning#pin-gateway", "$pin-gateway"),
];
