;; A version that cannot be compared.
;;! version: latest
