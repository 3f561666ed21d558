//! Chores that are more than a cargo command: the rules about which crate may see which, checked.
//!
//! Only `codegen` changes files. The other chores answer with a list of what is wrong, empty when nothing is.

pub mod codegen;
pub mod core_lints;
pub mod layers;
pub mod licences;
pub mod workspace;
