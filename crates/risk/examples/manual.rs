//! `cargo run -q -p risk --example manual > docs/controls.md`: the manual page, without building the whole program.

fn main() {
    print!("{}", risk::manual::page());
}
