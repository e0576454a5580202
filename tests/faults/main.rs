//! Saves whose system calls fail: for Linux, where `strace` disturbs them.

#![allow(clippy::unwrap_used, reason = "all of it is a test, though without a harness nothing says so")]

#[cfg(target_os = "linux")]
mod saves;
#[cfg(target_os = "linux")]
mod strace;

fn main() {
    #[cfg(target_os = "linux")]
    saves::main();
}
