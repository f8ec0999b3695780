//! Links the C library into modules: comparing and copying of bytes is in there, and without a standard library nobody
//! else asks for it.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if env::var("CARGO_CFG_TARGET_OS").is_ok_and(|system| system == "wasi") {
        println!("cargo::rustc-link-lib=c");
    }
}
