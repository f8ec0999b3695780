;; Is a component and nothing else.
;;! world: import log;
