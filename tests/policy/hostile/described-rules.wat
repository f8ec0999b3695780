;; One code for two rules.
;;! rules: host-not-allowed host-not-allowed
