;; Wants a function without an interface.
;;! world: import exec: func(); export meta; export hosts;
(import "$root" "exec" (func))
