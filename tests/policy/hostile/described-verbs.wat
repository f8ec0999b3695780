;; Judges what nobody asks.
;;! verbs: add exec
