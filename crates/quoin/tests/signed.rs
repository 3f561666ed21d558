//! Keys, signed journals and anchors, as a user meets them.

mod common;

use common::{Scratch, fail, run, succeed};
use std::fs;

/// A short run on a generated day, journalled in files of a mebibyte.
struct Run {
    scratch: Scratch,
    key: String,
    public: String,
}

impl Run {
    fn signed(name: &str) -> Self {
        let scratch = Scratch::new(name);
        let (key, public) = (scratch.text("desk.key"), scratch.text("desk.pub"));
        fs::write(&public, succeed(&["keys", "new", "--out", &key])).expect("writable");
        let run = Self { scratch, key, public };
        run.backtest("run", &[]);
        run
    }

    fn text(&self, name: &str) -> String {
        self.scratch.text(name)
    }

    fn backtest(&self, out: &str, more: &[&str]) {
        let day = self.text("day.pcap");
        if !self.scratch.path("day.pcap").exists() {
            succeed(&["generate", "--seed", "7", "--minutes", "1", "--out", &day]);
        }
        let config = self.text("quoin.toml");
        fs::write(&config, "[journal]\nsegment_mib = 1\ncheckpoint_records = 5000\n").expect("writable");
        let (out, anchor) = (self.text(out), self.text("anchor"));
        let mut args =
            vec!["backtest", "--data", &day, "--config", &config, "--out", &out, "--sign", &self.key];
        args.extend_from_slice(&["--anchor", &anchor]);
        args.extend_from_slice(more);
        succeed(&args);
    }

    /// What `verify` says, which must be `code`.
    fn verify(&self, code: i32, more: &[&str]) -> String {
        let dir = self.text("run");
        let mut args = vec!["verify", dir.as_str()];
        args.extend_from_slice(more);
        let output = run(&args);
        let said =
            format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.status.code(), Some(code), "{said}");
        said
    }
}

#[test]
fn a_signed_run_says_what_its_signatures_cover() {
    let run = Run::signed("signed");
    let anchor = run.text("anchor");
    let said = run.verify(0, &["--key", &run.public, "--anchor", &anchor]);
    for part in ["signed   all of it", "as was asked for", "anchor   fits", "files", "commands equal"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(run.verify(0, &[]).contains("whoever that is: name it with --key"));
    let json = run.verify(0, &["--json", "--key", &run.public, "--anchor", &anchor]);
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!((&json["proved"], &json["signed"]["to_the_seal"]), (&true.into(), &true.into()));
    assert_eq!(json["signed"]["records_behind"], 0);
    assert!(json["signed"]["checkpoints"].as_u64() > Some(5), "{json}");
    assert!(json["segments"].as_u64() > Some(1), "{json}");
    assert_eq!(json["anchor"]["sealed"], true);
    let key = fs::read_to_string(&run.public).expect("written");
    assert_eq!(json["signed"]["key"], key.trim());
    assert_eq!(succeed(&["keys", "show", &run.key]), key);
    // By its digits too.
    run.verify(0, &["--key", key.trim()]);
    // The same run, the same files.
    let first = fs::read(run.scratch.path("run").join("journal-000001.qj")).expect("a second file");
    run.backtest("run", &["--force"]);
    assert!(fs::read(run.scratch.path("run").join("journal-000001.qj")).expect("again") == first);
}

#[test]
fn what_is_not_signed_or_older_than_the_anchor_is_exit_code_3() {
    let run = Run::signed("unsigned");
    let anchor = run.text("anchor");
    let other = run.text("other.key");
    let other = succeed(&["keys", "new", "--out", &other]);
    assert!(run.verify(3, &["--key", other.trim()]).contains("and not by"));
    // The last file taken off: it looks as after a kill, and only the anchor tells.
    let journal = |name: &str| run.scratch.path("run").join(name);
    let last = (1..).take_while(|n| journal(&format!("journal-{n:06}.qj")).exists()).last();
    let last = journal(&format!("journal-{:06}.qj", last.expect("several files")));
    let bytes = fs::read(&last).expect("there");
    fs::remove_file(&last).expect("there");
    assert!(run.verify(0, &["--key", &run.public]).contains("cut"));
    let said = run.verify(3, &["--key", &run.public, "--anchor", &anchor]);
    assert!(said.contains("the anchor saw") && said.contains("older copy"), "{said}");
    fs::write(&last, bytes).expect("writable");
    // Written anew without a key.
    succeed(&["backtest", "--data", &run.text("day.pcap"), "--out", &run.text("run"), "--force"]);
    assert!(run.verify(0, &[]).contains("signed   by nobody"));
    assert!(run.verify(3, &["--key", &run.public]).contains("nothing in this journal is signed"));
    run.verify(3, &["--anchor", &anchor]);
}

#[test]
fn keys_are_refused_with_advice() {
    let scratch = Scratch::new("keys");
    let key = scratch.text("desk.key");
    let public = succeed(&["keys", "new", "--out", &key]);
    assert_eq!(public.trim().len(), 64);
    assert!(fail(&["keys", "new", "--out", &key], 1).contains("making the key's file"));
    assert_ne!(succeed(&["keys", "new", "--out", &scratch.text("second.key")]), public);
    let verify = |given: &str| fail(&["verify", &scratch.text("none"), "--key", given], 1);
    assert!(verify("abc").contains("neither a public key of 64 digits nor a file"));
    assert!(verify(&key).contains("holds no public key; `quoin keys show`"));
    assert!(fail(&["keys", "show", &scratch.text("absent")], 1).contains("reading the key"));
    fail(&["backtest", "--sign", &key], 2);
    fail(&["backtest", "--out", &scratch.text("run"), "--anchor", &scratch.text("anchor")], 2);
}
