;; Never ends, and has fuel for years: the clock ends it.
;;! fuel: 9000000000000
;;! wall: 100
(func $decide (param i32) (result i32) (loop $again (br $again)) (unreachable))
