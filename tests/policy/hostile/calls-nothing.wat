;; Calls an entry of a table that holds none.
(type $answering (func (result i32)))
(table $table 1 funcref)
(func $decide (param i32) (result i32) (call_indirect $table (type $answering) (i32.const 0)))
