;; A policy for the cases: a first destination whose host begins with LETTER is denied, any other one is allowed.
;; Texts lie from 512 on, what is made of them below.
(module
  (memory (export "memory") 32)
  (global $free (mut i32) (i32.const 65536))
  ;; describe: id, version, title, no docs, no needs, no verbs, no schema, two rules
  (data (i32.const 16)
    "\00\02\00\00\0a\00\00\00" "\10\02\00\00\05\00\00\00" "\20\02\00\00\19\00\00\00"
    "\00\00\00\00\00\00\00\00\00\00\00\00" "\00\00\00\00\00\00\00\00" "\00\00\00\00\00\00\00\00"
    "\00\00\00\00\00\00\00\00\00\00\00\00" "\60\00\00\00\02\00\00\00")
  ;; the rules: code, title, no docs
  (data (i32.const 96)
    "\40\02\00\00\08\00\00\00" "\50\02\00\00\0c\00\00\00" "\00\00\00\00\00\00\00\00\00\00\00\00"
    "\48\02\00\00\05\00\00\00" "\50\02\00\00\0c\00\00\00" "\00\00\00\00\00\00\00\00\00\00\00\00")
  ;; the verdict that denies, and its ruling with one finding
  (data (i32.const 160) "\00\00\00\00" "\c0\00\00\00\01\00\00\00")
  (data (i32.const 192) "\00\00\00\00" "\01\00\00\00" "\00\00\00\00\00\00\00\00" "\00\00\00\00\00\00\00\00" "\e0\00\00\00\01\00\00\00")
  (data (i32.const 224)
    "\40\02\00\00\08\00\00\00" "\00\00\00\00" "\50\02\00\00\0c\00\00\00"
    "\01\00\00\00\60\02\00\00\14\00\00\00" "\01\00\00\00\80\02\00\00\0e\00\00\00")
  ;; the verdict that allows, and its ruling
  (data (i32.const 320) "\00\00\00\00" "\60\01\00\00\01\00\00\00")
  (data (i32.const 352) "\00\00\00\00" "\00\00\00\00")
  (data (i32.const 512) "acme-hosts")
  (data (i32.const 528) "VERSION")
  (data (i32.const 544) "Only hosts of a catalogue")
  (data (i32.const 576) "bad-hostnever")
  (data (i32.const 592) "no bad hosts")
  (data (i32.const 608) "destinations[0].host")
  (data (i32.const 640) "ask in #egress")
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (global.set $free (i32.and (i32.add (global.get $free) (i32.const 15)) (i32.const -16)))
    (global.get $free)
    (global.set $free (i32.add (global.get $free) (local.get 3))))
  (func (export "kubectl-egress:policy/meta@0.1.0#describe") (result i32) (i32.const 16))
  (func (export "kubectl-egress:policy/meta@0.1.0#check-settings") (param i32 i32) (result i32) (i32.const 448))
  (func (export "kubectl-egress:policy/hosts@0.1.0#decide") (param $request i32) (result i32)
    ;; the first letter of the host of the first destination
    (if (result i32)
      (i32.eq
        (i32.load8_u (i32.load (i32.load offset=8 (local.get $request))))
        (i32.const LETTER))
      (then (i32.const 160))
      (else (i32.const 320)))))
