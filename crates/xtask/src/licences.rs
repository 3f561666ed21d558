//! What we may give away: every dependency's licence is on the list of `deny.toml`, and comes from its registry.
//!
//! The same rules that `cargo deny check licenses sources` reads, without a network and without building it.

use crate::workspace;
use anyhow::Context;
use cargo_metadata::Metadata;
use serde::Deserialize;
use spdx::{Expression, ParseMode};
use std::fs;
use std::path::Path;

#[derive(Deserialize)]
struct Deny {
    licenses: Licences,
    sources: Sources,
}

#[derive(Deserialize)]
struct Licences {
    allow: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Sources {
    allow_registry: Vec<String>,
}

#[derive(Deserialize)]
struct Lock {
    package: Vec<Locked>,
}

/// A package of `Cargo.lock`; without a source it is one of ours.
#[derive(Deserialize)]
struct Locked {
    name: String,
    version: String,
    source: Option<String>,
}

/// What is wrong, and how many packages were looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// One line for each package that may not be here.
    pub wrong: Vec<String>,
    /// Packages whose licence was read.
    pub licences: usize,
    /// Packages whose source was read: those of other platforms too.
    pub sources: usize,
}

/// Checks licences of what is built on this platform and sources of everything in `Cargo.lock`, for the workspace in
/// `folder` of this one: the empty path, or `python`.
///
/// # Errors
/// When `deny.toml`, `Cargo.lock` or the workspace cannot be read.
pub fn check(folder: &Path) -> anyhow::Result<Report> {
    let root = workspace::root();
    let deny: Deny = toml::from_str(&fs::read_to_string(root.join("deny.toml"))?).context("deny.toml")?;
    let lock: Lock =
        toml::from_str(&fs::read_to_string(root.join(folder).join("Cargo.lock"))?).context("Cargo.lock")?;
    let metadata = workspace::with_dependencies_of(folder)?;
    let mut wrong = wrong_licences(&metadata, &deny.licenses.allow);
    let registries = &deny.sources.allow_registry;
    for package in &lock.package {
        let source = package.source.as_deref();
        if let Some(source) = source.filter(|source| !is_allowed_source(source, registries)) {
            wrong.push(format!("{} {}: comes from {source}", package.name, package.version));
        }
    }
    Ok(Report { wrong, licences: metadata.packages.len(), sources: lock.package.len() })
}

fn wrong_licences(metadata: &Metadata, allowed: &[String]) -> Vec<String> {
    let mut wrong = Vec::new();
    for package in &metadata.packages {
        let name = format!("{} {}", package.name, package.version);
        match package.license.as_deref() {
            None => wrong.push(format!("{name}: names no licence; read its licence file and decide")),
            Some(licence) if is_allowed(licence, allowed) => {}
            Some(licence) => wrong.push(format!("{name}: {licence} is not on the list of deny.toml")),
        }
    }
    wrong
}

/// Whether an SPDX expression (or the older `MIT/Apache-2.0`) can be met from the list alone.
#[must_use]
pub fn is_allowed(licence: &str, allowed: &[String]) -> bool {
    let expression = Expression::parse_mode(licence, ParseMode::LAX);
    expression.is_ok_and(|expression| expression.evaluate(|one| allowed.contains(&one.to_string())))
}

fn is_allowed_source(source: &str, registries: &[String]) -> bool {
    let registry = source.strip_prefix("registry+").unwrap_or(source);
    registries.iter().any(|allowed| allowed == registry)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_licence_is_allowed_when_the_list_alone_can_meet_it() {
        let allowed = ["MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception"].map(String::from);
        for (licence, due) in [
            ("MIT", true),
            ("MIT OR GPL-3.0-only", true),
            ("MIT/Apache-2.0", true),
            ("(MIT OR GPL-3.0-only) AND Apache-2.0", true),
            ("Apache-2.0 WITH LLVM-exception", true),
            ("GPL-3.0-only", false),
            ("MIT AND GPL-3.0-only", false),
            ("Apache-2.0 WITH Classpath-exception-2.0", false),
            ("(MIT OR Apache-2.0) AND Unicode-3.0", false),
            ("AGPL-3.0-or-later", false),
            ("something of our own", false),
            ("", false),
        ] {
            assert_eq!(is_allowed(licence, &allowed), due, "{licence}");
        }
    }

    #[test]
    fn a_source_is_allowed_when_it_is_the_registry() {
        let allowed = [String::from("https://github.com/rust-lang/crates.io-index")];
        for (source, due) in [
            ("registry+https://github.com/rust-lang/crates.io-index", true),
            ("registry+https://example.com/index", false),
            ("git+https://github.com/rust-lang/crates.io-index", false),
            ("git+https://github.com/someone/serde?branch=mine#1234", false),
        ] {
            assert_eq!(is_allowed_source(source, &allowed), due, "{source}");
        }
    }
}
