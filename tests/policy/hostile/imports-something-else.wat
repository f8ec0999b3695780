;; Wants a clock.
;;! world: import acme:clock/clock@1.0.0; export meta; export hosts;
(import "acme:clock/clock@1.0.0" "now" (func (result i64)))
