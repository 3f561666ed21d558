//! A process that appends for ever, killed twenty times: what it leaves can be read, and goes on.

use crate::common::{CONFIG, Folder, drain, record};
use journal::{Ending, Options, Reader, Writer, recover, verify_chain};
use std::env;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use stdx::Prng;

const CHILD: &str = "QUOIN_JOURNAL_CHILD";
const BLOCK_RECORDS: &str = "QUOIN_JOURNAL_BLOCK_RECORDS";

/// Not a test when it runs by itself: the process that the test below starts and kills.
#[test]
fn child_appends_for_ever() {
    let (Some(dir), Some(records)) = (env::var_os(CHILD), env::var(BLOCK_RECORDS).ok()) else {
        return;
    };
    let options =
        Options { block_records: records.parse().expect("the parent gives a number"), ..Options::default() };
    let mut writer = Writer::create(Path::new(&dir), CONFIG, options).expect("an empty folder");
    for n in 0.. {
        writer.append(&record(n));
    }
}

fn start_child(folder: &Folder, block_records: usize) -> Child {
    Command::new(env::current_exe().expect("this process has a program"))
        .args(["--exact", "kill::child_appends_for_ever"])
        .env(CHILD, folder.path())
        .env(BLOCK_RECORDS, block_records.to_string())
        .stdout(Stdio::null())
        .spawn()
        .expect("this program ran before")
}

#[test]
fn a_killed_process_leaves_a_journal_that_reads_to_the_cut_and_goes_on() {
    let seed = 77;
    let mut chance = Prng::new(seed);
    let mut torn = 0;
    for kill in 0..20 {
        let folder = Folder::new(&format!("kill-{kill}"));
        // Small blocks die between two writes, large ones within one.
        let block_records = [5, 16_384][kill % 2];
        let mut child = start_child(&folder, block_records);
        // A random moment, told by what it has written and not by a clock. The first may be at once.
        let enough = chance.below(4 << 20);
        while std::fs::metadata(folder.file()).map_or(0, |file| file.len()) < enough.max(200) {
            let status = child.try_wait().expect("it is our child");
            assert!(status.is_none(), "seed {seed}, kill {kill}: it ended by itself: {status:?}");
        }
        // Within a write, if chance wills.
        (0..chance.below(20_000)).for_each(|_| std::hint::spin_loop());
        child.kill().expect("it runs for ever");
        child.wait().expect("it was killed");

        let reader = Reader::open(folder.path()).expect("its configuration was whole");
        assert_eq!(reader.config(), CONFIG);
        let (records, ending) = drain(reader);
        for (n, found) in (0..).zip(&records) {
            assert_eq!(*found, record(n), "seed {seed}, kill {kill}: record {n}");
        }
        let Ok(Ending::Cut { lost, .. }) = ending else { panic!("seed {seed}, kill {kill}: {ending:?}") };
        torn += u32::from(lost > 0);

        assert_eq!(recover(folder.path()).expect("a torn tail").lost_bytes, lost);
        let (mut writer, resumed) = Writer::resume(folder.path(), Options::default()).expect("recovered");
        assert_eq!(resumed.summary.records, records.len() as u64);
        let next = resumed.summary.records;
        (next..next + 100).for_each(|n| writer.append(&record(n)));
        let summary = writer.finish().expect("room");
        let verified = verify_chain(folder.path()).expect("whole again");
        assert_eq!((verified.summary, verified.ending), (summary, Ending::Sealed));
        assert_eq!(summary.records, next + 100);
    }
    eprintln!("{torn} of 20 kills tore a block");
}
