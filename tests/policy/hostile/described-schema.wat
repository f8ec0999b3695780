;; A schema that is no JSON.
;;! schema: {"type": "object"
