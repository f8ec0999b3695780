;; Built for this version, and logs to another.
;;! world: export meta; export hosts; import log;
;;! append: (import "kubectl-egress:policy/log@0.2.0" (instance))
