;; Built for a draft.
;;! replace: policy@0.1.0 => policy@0.1.0-rc.2
