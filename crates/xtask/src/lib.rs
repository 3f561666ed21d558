//! Chores that are more than a cargo command: the rules about which crate may see which, checked.
//!
//! A check answers with a list of what is wrong, empty when nothing is, and changes no file.

pub mod benchmarks;
pub mod core_lints;
pub mod layers;
pub mod licences;
pub mod workspace;
