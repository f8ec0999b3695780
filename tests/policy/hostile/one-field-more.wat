;; Its request has one field more than the version has.
;;! replace: explain: bool, => explain: bool, mood: string,
