;; Wants what policies never had.
;;! replace: interface log { => interface exec { run: func(command: string); } interface log {
;;! world: import exec; export meta; export hosts;
(import "kubectl-egress:policy/exec@0.1.0" "run" (func (param i32 i32)))
