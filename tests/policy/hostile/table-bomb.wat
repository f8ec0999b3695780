;; Makes a table longer and longer.
(table $table 1 funcref)
(func $decide (param i32) (result i32)
  (loop $again
    (drop (table.grow $table (ref.null func) (i32.const 1000)))
    (br $again))
  (unreachable))
