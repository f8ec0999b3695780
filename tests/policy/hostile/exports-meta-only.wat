;; Says who it is and answers nothing.
;;! world: export meta;
