;; Is born with 128 MiB.
(memory (export "memory") 2048)
