;; A message that clears the screen, names the window and says that all is well.
(data (i32.const 4096) "\1b[2J\1b]0;pwned\07\1b[32mallowed\1b[0m\r\nby\08 all\e2\80\ae")
(func $decide (param i32) (result i32)
  (call $finding (i32.const 600) (i32.const 4096) (i32.const 44))
  (call $answer (i32.const 0) (i32.const 0) (i32.const 600) (i32.const 1)))
