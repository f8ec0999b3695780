;; Shares memory with others.
(memory $shared 1 1 shared)
(memory (export "memory") 2)
