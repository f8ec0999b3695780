;; Built for a version that is not spoken here.
;;! replace: policy@0.1.0 => policy@0.3.0
