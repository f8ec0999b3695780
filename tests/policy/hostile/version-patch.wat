;; Built for a later patch of the same version: the interfaces are the same.
;;! replace: policy@0.1.0 => policy@0.1.7
