//! The workspace as cargo sees it, read without a network.

use anyhow::Context;
use cargo_metadata::{Metadata, MetadataCommand, TargetKind};
use std::path::{Path, PathBuf};

/// The only platform whose dependencies are sure to be on this machine after a build.
const PLATFORM: &str = "x86_64-unknown-linux-gnu";

/// The folder with the workspace's `Cargo.toml`.
#[must_use]
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = here.ancestors().nth(2);
    root.expect("this crate lies in crates/xtask").to_owned()
}

/// The workspace's crates, without what they depend on.
///
/// # Errors
/// When cargo cannot read the workspace.
pub fn crates() -> anyhow::Result<Metadata> {
    let mut command = command(Path::new(""));
    command.no_deps();
    command.exec().context("cargo metadata --no-deps")
}

/// The workspace with everything it depends on.
///
/// # Errors
/// When cargo cannot read the workspace, or not all of it was downloaded by a build.
pub fn with_dependencies() -> anyhow::Result<Metadata> {
    with_dependencies_of(Path::new(""))
}

/// The same for a workspace of its own in a folder of this one: `python`.
///
/// # Errors
/// As above.
pub fn with_dependencies_of(folder: &Path) -> anyhow::Result<Metadata> {
    let context = "cargo metadata --offline; has `cargo build --workspace --all-targets` run here?";
    command(folder).exec().context(context)
}

fn command(folder: &Path) -> MetadataCommand {
    let mut command = MetadataCommand::new();
    command.manifest_path(root().join(folder).join("Cargo.toml"));
    command.other_options(["--offline", "--filter-platform", PLATFORM].map(String::from));
    command
}

/// Whether a package has a library that others can link.
#[must_use]
pub fn has_library(package: &cargo_metadata::Package) -> bool {
    let mut targets = package.targets.iter();
    targets.any(|target| target.kind.contains(&TargetKind::Lib))
}
