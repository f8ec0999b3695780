;; Its labels have one field less than the version has.
;;! replace: record label { key: string, value: string } => record label { key: string }
