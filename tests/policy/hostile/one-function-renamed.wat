;; Its interface has another function than the version has.
;;! replace: decide: func => judge: func
;;! replace: hosts#decide => hosts#judge
