;; Never ends before anything is asked.
(func $forever (loop $again (br $again)))
(start $forever)
