//! What a policy of kubectl-egress is written with.
#![no_std]
