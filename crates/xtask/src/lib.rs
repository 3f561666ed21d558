//! Chores that are more than a cargo command: the rules about which crate may see which, checked.
//!
//! `codegen`, `benchmarks` and `catalogue` write files. A check answers with a list of what is wrong, empty when nothing is.

pub mod benchmarks;
pub mod catalogue;
pub mod codegen;
pub mod core_lints;
pub mod layers;
pub mod licences;
pub mod workspace;
