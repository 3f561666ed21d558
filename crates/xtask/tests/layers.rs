//! The layer rule holds in this workspace; and the check that says so can fail.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use xtask::layers::{self, Crate};
use xtask::{core_lints, licences, workspace};

#[test]
fn every_edge_of_this_workspace_points_down() {
    let metadata = workspace::crates().expect("cargo reads this workspace");
    let crates = layers::crates_of(&metadata);
    assert!(crates.iter().any(|c| c.name == "engine" && c.links.iter().any(|l| l == "types")));
    assert_eq!(layers::edges_up(&crates), [""; 0]);
}

#[test]
fn the_core_links_no_clock_thread_socket_or_chance() {
    let metadata = workspace::with_dependencies().expect("cargo resolves this workspace");
    let links = layers::resolved_links(&metadata).expect("it is resolved");
    assert!(links["types"].iter().any(|link| link == "serde"));
    assert_eq!(layers::banned_in_core(&links), [""; 0]);
}

#[test]
fn licences_and_sources_are_on_the_list() {
    let report = licences::check(Path::new("")).expect("deny.toml and Cargo.lock are there");
    assert_eq!(report.wrong, [""; 0]);
    assert!(report.licences > 50 && report.sources >= report.licences);
}

fn crates(list: &[(&str, &[&str])]) -> Vec<Crate> {
    let owned = |name: &&str| (*name).to_owned();
    let made = list
        .iter()
        .map(|(name, links)| Crate { name: owned(name), links: links.iter().map(owned).collect() });
    made.collect()
}

#[test]
fn an_edge_that_points_up_or_across_is_found() {
    let check = |list: &[(&str, &[&str])], due: &[&str]| {
        let wrong = layers::edges_up(&crates(list));
        assert_eq!(wrong.len(), due.len(), "{list:?}: {wrong:?}");
        for (line, start) in wrong.iter().zip(due) {
            assert!(line.starts_with(start), "{line}");
        }
    };
    check(&[("types", &["stdx", "serde"]), ("stdx", &["libm"])], &[]);
    check(&[("stdx", &["types"]), ("types", &[])], &["stdx (words) may not depend on types (words)"]);
    check(
        &[("book", &["journal"]), ("journal", &["book"])],
        &["book (parts) may not depend on journal (edge)"],
    );
    check(
        &[("engine", &["testkit"]), ("testkit", &[])],
        &["engine (machine) may not depend on testkit (dev)"],
    );
    check(&[("types", &["types"])], &["types (words) may not depend on types"]);
    check(
        &[("blockchain", &["types"]), ("types", &["blockchain"])],
        &["blockchain has no layer: give it a place in LAYERS"],
    );
}

#[test]
fn a_banned_crate_is_found_however_far_down() {
    let links = |list: &[(&str, &[&str])]| -> BTreeMap<String, Vec<String>> {
        crates(list).into_iter().map(|c| (c.name, c.links)).collect()
    };
    let deep = links(&[
        ("engine", &["types"]),
        ("types", &["a"]),
        ("a", &["b", "engine-like"]),
        ("b", &["a", "rand"]),
        ("runtime", &["tokio"]),
    ]);
    assert_eq!(
        layers::banned_in_core(&deep),
        [
            "types → a → b → rand: the core may not link rand: its samples change between releases; stdx::Prng",
            "engine → types → a → b → rand: the core may not link rand: its samples change between releases; \
             stdx::Prng",
        ]
    );
    // The edge may.
    assert_eq!(layers::banned_in_core(&links(&[("runtime", &["tokio"])])), [""; 0]);
}

#[test]
fn the_order_is_the_order_of_the_workspace_file() {
    // A newcomer reads the layers there; the two lists must not tell two stories.
    let file = fs::read_to_string(workspace::root().join("Cargo.toml")).expect("it is there");
    let members = file.lines().filter_map(|line| line.trim().strip_prefix("\"crates/"));
    let members: Vec<&str> = members.map(|rest| rest.trim_end_matches("\",")).collect();
    let listed = layers::LAYERS.iter().flat_map(|(_, names)| *names);
    let listed: Vec<&str> = listed.copied().filter(|name| members.contains(name)).collect();
    assert_eq!(listed, members);
}

#[test]
fn the_core_list_forbids_all_that_the_root_forbids() {
    let paths = |file: &str| -> Vec<String> {
        let text = fs::read_to_string(workspace::root().join(file)).expect("it is there");
        let lines = text.lines().filter_map(|line| line.trim().strip_prefix("{ path = \""));
        lines.filter_map(|rest| rest.split('"').next()).map(String::from).collect()
    };
    let core = paths(".config/core/clippy.toml");
    let root = paths("clippy.toml");
    assert!(!root.is_empty() && core.len() > root.len());
    for path in root {
        assert!(core.contains(&path), "{path} is forbidden everywhere but in the core");
    }
}

#[test]
fn the_core_pass_covers_the_core_and_not_the_edge() {
    let arguments = core_lints::arguments().expect("cargo reads this workspace");
    assert!(arguments.iter().any(|a| a == "engine") && arguments.iter().any(|a| a == "venues"));
    assert!(arguments.iter().all(|a| a != "journal" && a != "runtime" && a != "testkit"));
}
