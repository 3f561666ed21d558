//! The layer rule: which crate may depend on which, and what the core may never link.
//!
//! The order below is the whole rule: a crate may depend only on crates that stand before it. Dependencies of
//! tests and benchmarks are free. It is the table of ARCHITECTURE.md; change both together.

use anyhow::Context;
use cargo_metadata::{DependencyKind, Metadata, PackageId};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// The layers, from the words everybody speaks to the doors people use. The first three are the core.
pub const LAYERS: [(&str, &[&str]); 6] = [
    ("words", &["stdx", "types"]),
    ("parts", &["venues", "book", "signals", "models", "quant", "risk", "orders", "portfolio"]),
    ("machine", &["engine", "sim", "strategies"]),
    ("edge", &["journal", "storm", "net", "adapters", "insight", "runtime", "reports", "api"]),
    ("doors", &["quoin", "python"]),
    ("dev", &["testkit", "xtask"]),
];
const CORE_LAYERS: usize = 3;

/// Crates whose arrival in the core would break a promise, and which.
pub const BANNED_IN_CORE: [(&str, &str); 25] = [
    ("tokio", "an async runtime decides the order of things"),
    ("async-std", "an async runtime decides the order of things"),
    ("smol", "an async runtime decides the order of things"),
    ("futures-executor", "an executor decides the order of things"),
    ("rayon", "threads decide the order of a sum"),
    ("rayon-core", "threads decide the order of a sum"),
    ("crossbeam-channel", "threads belong to runtime"),
    ("rtrb", "threads belong to runtime"),
    ("num_cpus", "the machine is no input"),
    ("rand", "its samples change between releases; stdx::Prng"),
    ("rand_core", "chance comes from stdx::Prng"),
    ("fastrand", "seeds itself from the system; stdx::Prng"),
    ("getrandom", "the system's randomness is no input"),
    ("ahash", "seeds itself from the system"),
    ("chrono", "reads the clock"),
    ("time", "reads the clock"),
    ("jiff", "reads the clock and the time zone files"),
    ("quanta", "reads the clock"),
    ("mio", "sockets belong to net"),
    ("socket2", "sockets belong to net"),
    ("rustls", "sockets belong to net"),
    ("memmap2", "files belong to the edge"),
    ("tempfile", "files belong to the edge"),
    ("tracing", "takes a lock and reads a clock inside the step"),
    ("pyo3", "Python belongs to the doors"),
];

/// A crate and the crates it links: normal and build dependencies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crate {
    /// Its name.
    pub name: String,
    /// What it links.
    pub links: Vec<String>,
}

/// The names of the core's crates, those that do not exist yet among them.
pub fn core() -> impl Iterator<Item = &'static str> {
    LAYERS[..CORE_LAYERS].iter().flat_map(|(_, names)| names.iter().copied())
}

/// Every edge that points up, and every crate without a place.
#[must_use]
pub fn edges_up(crates: &[Crate]) -> Vec<String> {
    let mut wrong = Vec::new();
    for Crate { name, links } in crates {
        let Some(here) = place(name) else {
            wrong.push(format!(
                "{name} has no layer: give it a place in LAYERS (crates/xtask/src/layers.rs) behind what it links, \
                 in the layer whose promises it keeps, and in the table of ARCHITECTURE.md"
            ));
            continue;
        };
        for link in links.iter().filter(|link| crates.iter().any(|c| c.name == **link)) {
            match place(link) {
                Some(there) if there >= here => wrong.push(format!(
                    "{name} ({}) may not depend on {link} ({}): edges point from a later crate to an earlier \
                     one. Move what is needed down, or let the upper crate bring it",
                    layer(here),
                    layer(there)
                )),
                // A crate without a place is told above.
                Some(_) | None => {}
            }
        }
    }
    wrong
}

fn place(name: &str) -> Option<usize> {
    LAYERS.iter().flat_map(|(_, names)| *names).position(|known| *known == name)
}

fn layer(place: usize) -> &'static str {
    let mut end = 0;
    let found = LAYERS.iter().find(|(_, names)| {
        end += names.len();
        place < end
    });
    found.map_or("no layer", |(layer, _)| layer)
}

/// The workspace's crates as [`edges_up`] takes them.
#[must_use]
pub fn crates_of(metadata: &Metadata) -> Vec<Crate> {
    let linked = |package: &cargo_metadata::Package| {
        let links =
            package.dependencies.iter().filter(|dependency| dependency.kind != DependencyKind::Development);
        links.map(|dependency| dependency.name.clone()).collect()
    };
    let packages = metadata.workspace_packages();
    packages
        .into_iter()
        .map(|package| Crate { name: package.name.to_string(), links: linked(package) })
        .collect()
}

/// Every banned crate that one of the core links, however far down, with the way to it.
#[must_use]
pub fn banned_in_core(links: &BTreeMap<String, Vec<String>>) -> Vec<String> {
    let mut wrong = Vec::new();
    for root in core().filter(|name| links.contains_key(*name)) {
        for (name, way) in reachable(root, links) {
            if let Some((_, reason)) = BANNED_IN_CORE.iter().find(|(banned, _)| *banned == name) {
                wrong.push(format!("{way}: the core may not link {name}: {reason}"));
            }
        }
    }
    wrong
}

/// Everything reachable from `root`, with the shortest way.
fn reachable(root: &str, links: &BTreeMap<String, Vec<String>>) -> Vec<(String, String)> {
    let mut seen = BTreeSet::from([root.to_owned()]);
    let mut queue = VecDeque::from([(root.to_owned(), root.to_owned())]);
    let mut found = Vec::new();
    while let Some((name, way)) = queue.pop_front() {
        for next in links.get(&name).into_iter().flatten() {
            if seen.insert(next.clone()) {
                queue.push_back((next.clone(), format!("{way} → {next}")));
            }
        }
        found.push((name, way));
    }
    found
}

/// Who links whom when the workspace is built, by name: normal dependencies with the features really chosen.
///
/// # Errors
/// When cargo did not resolve the workspace.
pub fn resolved_links(metadata: &Metadata) -> anyhow::Result<BTreeMap<String, Vec<String>>> {
    let resolve = metadata.resolve.as_ref().context("cargo metadata without --no-deps resolves")?;
    let name = |id: &PackageId| metadata[id].name.to_string();
    let mut links: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for node in &resolve.nodes {
        let linked = node.deps.iter().filter(|dep| {
            let mut kinds = dep.dep_kinds.iter();
            kinds.any(|kind| kind.kind == DependencyKind::Normal)
        });
        // Two versions of one crate are one name here: what either links counts.
        let entry = links.entry(name(&node.id)).or_default();
        entry.extend(linked.map(|dep| name(&dep.pkg)));
    }
    Ok(links)
}
