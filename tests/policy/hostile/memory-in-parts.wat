;; Has several memories, each of them within the limit.
(memory (export "memory") 2)
(memory $second 600)
(memory $third 600)
