//! What is wrong with a file, in words.
