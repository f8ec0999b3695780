;; Is born with a table of a million entries.
(table 1000000 funcref)
