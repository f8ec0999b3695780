;; Needs what nobody can tell.
;;! needs: nodes secrets
