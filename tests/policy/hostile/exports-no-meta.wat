;; Answers and does not say who it is.
;;! world: export hosts;
