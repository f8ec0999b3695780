;; A name that is a path.
;;! id: ../../etc/passwd
