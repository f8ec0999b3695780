;; A code that cannot be named in a test or an exception.
;;! rules: Host_Not_Allowed
