//! Changed by its author.
