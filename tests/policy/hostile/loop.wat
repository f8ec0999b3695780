;; Never ends.
(func $decide (param i32) (result i32) (loop $again (br $again)) (unreachable))
