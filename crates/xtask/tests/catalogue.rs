//! The manifest: every row of the catalogues of faults and controls has a test of its name, or says why it waits.

use std::collections::BTreeSet;
use xtask::catalogue::{State, named_tests, pages, rows, strays, tests_in, untested};
use xtask::workspace;

#[test]
fn there_are_88_faults_and_48_controls_each_once() {
    let ids: Vec<&str> = rows().map(|(id, _)| id).collect();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
    let count = |part: &str| ids.iter().filter(|id| id.starts_with(part)).count();
    assert_eq!(["F-", "T-", "J-", "P-", "V-", "O-"].map(count), [26, 8, 16, 10, 18, 10]);
    assert_eq!(count("RC-"), 48);
    for (place, id) in ids.iter().enumerate().skip(1) {
        let number = |id: &str| id[id.len() - 2..].parse::<usize>().expect("two digits");
        assert!(number(id) == number(ids[place - 1]) + 1 || number(id) == 1, "{id} is out of order");
    }
    let reasons = rows().filter_map(|(id, state)| match state {
        State::Tested => None,
        State::Partly(why) | State::Waits(why) => Some((id, why)),
    });
    for (id, why) in reasons {
        assert!(why.len() > 10, "{id} waits without a reason");
    }
}

#[test]
fn every_row_that_does_not_wait_has_a_test() {
    let tests = named_tests(&workspace::root()).expect("sources can be read");
    let missing = untested(&tests);
    assert!(missing.is_empty(), "no test is named for: {}", missing.join(", "));
}

#[test]
fn every_test_that_names_a_row_names_one_there_is() {
    let tests = named_tests(&workspace::root()).expect("sources can be read");
    let strays: Vec<String> =
        strays(&tests).iter().map(|test| format!("{} in {}", test.name, test.file)).collect();
    assert!(strays.is_empty(), "in no catalogue: {strays:?}");
}

#[test]
fn the_pages_say_what_is() {
    for (path, page) in pages().expect("sources can be read") {
        let written = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(written == page, "{} is stale: cargo run -p xtask -- catalogue", path.display());
    }
}

#[test]
fn every_link_of_the_pages_leads_to_a_file() {
    let docs = workspace::root().join("docs");
    for (path, page) in pages().expect("sources can be read") {
        let links: Vec<&str> = page.split("](").skip(1).filter_map(|rest| rest.split(')').next()).collect();
        assert!(!links.is_empty(), "{}", path.display());
        for link in links {
            assert!(docs.join(link).is_file(), "{}: {link}", path.display());
        }
    }
}

/// A file of these lines; names of the tests found in it.
fn found(file: &str, lines: &[&str]) -> Vec<String> {
    tests_in(file, &lines.join("\n"))
        .into_iter()
        .map(|test| format!("{} {}", test.id, test.sentence()))
        .collect()
}

#[test]
fn a_test_is_found_by_its_attribute_and_its_name() {
    let cases: [(&[&str], &[&str]); 9] = [
        (&["#[test]", "fn f_01_a_b() {"], &["F-01 a b"]),
        (&["    #[test]", "    #[cfg(unix)]", "    /// Why.", "    fn rc_13_a() {"], &["RC-13 a"]),
        (&["#[cfg(unix)]", "#[test]", "fn t_07_a_1() {"], &["T-07 a 1"]),
        (&["fn f_01_a() {"], &[]),
        (&["#[test]", "fn other() {}", "fn f_01_a() {"], &[]),
        (&["#[test]", "#[ignore]", "fn f_01_a() {"], &[]),
        (&["#[ignore = \"slow\"]", "#[test]", "fn f_01_a() {", "#[test]", "fn f_02_b() {"], &["F-02 b"]),
        (&["#[test]", "fn f_1_a() {", "#[test]", "fn x_01_a() {", "#[test]", "fn f_01() {"], &[]),
        (&["// #[test]", "fn f_01_a() {"], &[]),
    ];
    for (lines, expected) in cases {
        assert_eq!(found("crates/a/src/lib.rs", lines), expected, "{lines:?}");
    }
    let python = ["def test_o_07_a(path):", "def o_07_b():", "    def test_f_99_c(self):"];
    assert_eq!(found("python/tests/test_a.py", &python), ["O-07 a", "F-99 c"]);
    // Found, and in no catalogue.
    let tests = tests_in("python/tests/test_a.py", &python.join("\n"));
    assert_eq!(strays(&tests).iter().map(|test| test.id.as_str()).collect::<Vec<_>>(), ["F-99"]);
    assert!(untested(&tests).contains(&"F-01") && !untested(&tests).contains(&"O-07"));
}
