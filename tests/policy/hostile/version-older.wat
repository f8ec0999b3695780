;; Built for a version that was never released.
;;! replace: policy@0.1.0 => policy@0.0.9
