;; Wants to wait for files, as the standard library of most languages does.
;;! world: import wasi:io/poll@0.2.6; import log; export meta; export hosts;
(import "wasi:io/poll@0.2.6" "poll" (func (result i32)))
