//! A process that appends and says what was told as written, killed at any moment, hindered by the system: what it
//! leaves can be read, holds everything that was told, once, and goes on.

use crate::common::{CONFIG, Folder, drain, record, signed, small};
use journal::{
    Anchor, Durability, Ending, JournalError, Options, Reader, Trust, Writer, recover, verify_with,
};
use std::env;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;
use stdx::Prng;
use types::Seq;

const FOLDER: &str = "QUOIN_JOURNAL_CHILD";
const HOW: &str = "QUOIN_JOURNAL_HOW";
/// So many records a child writes that nobody kills.
const RECORDS: u64 = 400;

/// How the child writes: `written` or `synced`, plain or signed and in several files.
fn options_of(how: &str, folder: &Path) -> Options {
    let durability = if how.contains("synced") { Durability::Synced } else { Durability::Written };
    let small = Options { poll: Duration::from_micros(20), ..small() };
    if how.contains("plain") {
        return Options { durability, ..small };
    }
    Options {
        durability,
        poll: small.poll,
        anchor: Some(folder.join("anchor")),
        segment_bytes: 6_000,
        ..signed()
    }
}

/// Not a test when it runs by itself: the process that the tests below start and kill. Prints each input that the gate let
/// through, and what stopped it.
#[test]
fn child_appends_and_tells() {
    let (Some(dir), Ok(how)) = (env::var_os(FOLDER), env::var(HOW)) else { return };
    let dir = PathBuf::from(dir);
    let options = options_of(&how, &dir);
    let mut writer = Writer::create(&dir, CONFIG, options).expect("an empty folder");
    let mut out = std::io::stdout().lock();
    let mut told = None;
    let limit = if how.contains("for ever") { u64::MAX } else { RECORDS };
    for n in 0..limit {
        writer.append(&record(n));
        // An input's answer comes before anybody says that there are no more.
        if n % 4 != 2 {
            writer.flush();
        }
        tell(&mut out, &writer, &mut told);
        if writer.health().is_err() {
            break;
        }
        // Not more ahead of the disk than a desk would be.
        while writer.backlog() > 2 && writer.health().is_ok() {
            tell(&mut out, &writer, &mut told);
            std::thread::yield_now();
        }
    }
    let ended = writer.finish().map_or_else(|error| format!("stopped {error}"), |_| "sealed".into());
    writeln!(out, "\n{ended}").expect("somebody reads");
}

fn tell(out: &mut impl Write, writer: &Writer, told: &mut Option<Seq>) {
    let now = writer.written();
    if now > *told {
        *told = now;
        // At once, as an order would leave.
        writeln!(out, "\ntold {}", now.expect("it is more than nothing").0).expect("somebody reads");
        out.flush().expect("somebody reads");
    }
}

fn child(mut command: Command, folder: &Folder, how: &str) -> Child {
    command
        .args(["--exact", "kill::child_appends_and_tells", "--nocapture"])
        .env(FOLDER, folder.path())
        .env(HOW, how)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("this program ran before")
}

fn this_program() -> Command {
    Command::new(env::current_exe().expect("this process has a program"))
}

/// Reads what the child says, until `enough` inputs were told or it ends; then, killed, the rest.
fn listen(out: &mut BufReader<ChildStdout>, enough: u64) -> (Option<Seq>, Option<String>) {
    let (mut told, mut ended) = (None, None);
    let mut line = String::new();
    while out.read_line(&mut line).expect("a pipe") > 0 {
        if let Some(seq) = line.trim().strip_prefix("told ") {
            // A torn last line of a killed child is no number, or an older one with a digit gone: both are less.
            let whole = line.ends_with('\n');
            told = seq.parse().ok().map(Seq).filter(|_| whole).or(told);
        } else if line.starts_with("stopped ") || line.starts_with("sealed") {
            ended = Some(line.trim().to_owned());
        }
        line.clear();
        if told.is_some_and(|seq| seq.0 >= enough) {
            break;
        }
    }
    (told, ended)
}

/// Everything told is there, once and in order. Answers how many records there are.
fn assert_kept(folder: &Folder, told: Option<Seq>, context: &str) -> (u64, Ending) {
    let reader = Reader::open(folder.path()).unwrap_or_else(|error| panic!("{context}: {error}"));
    assert_eq!(reader.config(), CONFIG);
    let (records, ending) = drain(reader);
    for (n, found) in (0..).zip(&records) {
        assert_eq!(*found, record(n), "{context}: record {n}");
    }
    let due = told.map_or(0, |told| (0..).take_while(|n| record(*n).seq() <= told).count());
    assert!(records.len() >= due, "{context}: {} records, and {due} were told", records.len());
    (records.len() as u64, ending.unwrap_or_else(|error| panic!("{context}: {error}")))
}

/// Goes on to a seal, against the anchor if there is one.
fn assert_goes_on(folder: &Folder, how: &str, records: u64, context: &str) {
    let fail = |error: JournalError| -> ! { panic!("{context}: {error}") };
    let options = options_of(how, folder.path());
    let kept = options.anchor.clone();
    let (mut writer, resumed) = Writer::resume(folder.path(), options).unwrap_or_else(|error| fail(error));
    assert_eq!(resumed.summary.records, records, "{context}");
    (records..records + 20).for_each(|n| writer.append(&record(n)));
    writer.finish().unwrap_or_else(|error| fail(error));
    let anchor = kept.map(|path| Anchor::read(&path).unwrap_or_else(|error| fail(error)));
    let verified =
        verify_with(folder.path(), &Trust { key: None, anchor }).unwrap_or_else(|error| fail(error));
    assert_eq!((verified.summary.records, verified.ending), (records + 20, Ending::Sealed), "{context}");
}

/// R4, J-01: `QUOIN_KILLS` says how many; a thousand take a few minutes.
#[test]
fn j_01_a_killed_process_loses_nothing_that_it_told() {
    let kills: u64 = env::var("QUOIN_KILLS").map_or(12, |n| n.parse().expect("a number"));
    let seed = 77;
    let (mut torn, mut told_in_all, mut behind) = (0_u64, 0_u64, 0_u64);
    let folder = Folder::new("kill");
    for kill in 0..kills {
        let context = format!("seed {seed}, kill {kill}");
        let mut chance = Prng::new(seed + kill);
        for old in std::fs::read_dir(folder.path()).expect("ours") {
            std::fs::remove_file(old.expect("ours").path()).expect("ours");
        }
        let how = [
            "written plain for ever",
            "written signed for ever",
            "synced plain for ever",
            "synced signed for ever",
        ][usize::try_from(kill % 4).expect("small")];
        let mut running = child(this_program(), &folder, how);
        let mut out = BufReader::new(running.stdout.take().expect("piped"));
        // A random moment, told by what it has told and not by a clock.
        let enough = chance.below(if how.starts_with("synced") { 8 } else { 400 });
        let (before, ended) = listen(&mut out, enough);
        assert_eq!(ended, None, "{context}: it ended by itself");
        (0..chance.below(20_000)).for_each(|_| std::hint::spin_loop());
        running.kill().expect("it runs for ever");
        running.wait().expect("it was killed");
        // What it told between our last look and its death counts too.
        let (after, _) = listen(&mut out, u64::MAX);
        let told = after.max(before);
        let (records, ending) = assert_kept(&folder, told, &context);
        let Ending::Cut { lost, .. } = ending else { panic!("{context}: {ending:?}") };
        torn += u64::from(lost > 0);
        told_in_all += told.map_or(0, |seq| seq.0 + 1);
        behind += records;
        assert_eq!(recover(folder.path()).expect("a torn tail").lost_bytes, lost, "{context}");
        assert_goes_on(&folder, how, records, &context);
    }
    eprintln!(
        "{kills} kills, {told_in_all} inputs told, {behind} records there, {torn} torn tails: 0 lost, 0 twice"
    );
    assert!(told_in_all > kills, "{told_in_all} told in {kills}: that tests nothing");
}

#[test]
fn j_12_a_second_process_is_refused() {
    let folder = Folder::new("second");
    let mut running = child(this_program(), &folder, "written signed for ever");
    let mut out = BufReader::new(running.stdout.take().expect("piped"));
    let (told, _) = listen(&mut out, 3);
    assert!(told.is_some());
    let options = || options_of("written signed", folder.path());
    let replacing = Options { replace: true, ..options() };
    let refused = [
        Writer::create(folder.path(), CONFIG, replacing).err(),
        Writer::resume(folder.path(), options()).err(),
        recover(folder.path()).err(),
    ];
    running.kill().expect("it runs for ever");
    running.wait().expect("it was killed");
    for refused in refused {
        assert!(matches!(refused, Some(JournalError::Locked { .. })), "{refused:?}");
    }
    let (records, _) = assert_kept(&folder, told, "after the second");
    // Its lock died with it.
    assert_goes_on(&folder, "written signed", records, "after the second");
}

/// System calls that fail, by `strace`'s hand, in a real process on a real disk.
#[cfg(target_os = "linux")]
mod hindered {
    use super::*;

    /// Whether `strace` is here and may trace.
    fn can_trace() -> bool {
        let tried = Command::new("strace").args(["-qq", "-o", "/dev/null", "true"]).status();
        let can = tried.is_ok_and(|status| status.success());
        if !can {
            eprintln!("SKIPPED: strace is not here, or may not trace");
        }
        can
    }

    /// Runs the child to its end with these calls tampered with; answers what it told, how it ended, and its calls.
    fn hinder(folder: &Folder, how: &str, inject: &[&str]) -> (Option<Seq>, String, String) {
        let trace = folder.path().join("trace");
        let mut command = Command::new("strace");
        // `-y` shows the files behind the numbers.
        command.args([
            "-f",
            "-qq",
            "-y",
            "-e",
            "trace=write,fdatasync,fsync,openat,rename,renameat,renameat2",
            "-o",
        ]);
        command.arg(&trace);
        for inject in inject {
            command.args(["-e", &format!("inject={inject}")]);
        }
        // Only what concerns the journal: the child's own output is not tampered with.
        command.arg("-P").arg(folder.file()).arg("-P").arg(folder.path());
        command.arg(env::current_exe().expect("this process has a program"));
        let mut running = child(command, folder, how);
        let mut out = BufReader::new(running.stdout.take().expect("piped"));
        let (told, ended) = listen(&mut out, u64::MAX);
        running.wait().expect("it ends");
        let calls = std::fs::read_to_string(trace).expect("strace wrote it");
        (told, ended.unwrap_or_else(|| panic!("it said nothing; its calls were:\n{calls}")), calls)
    }

    fn calls_of<'a>(calls: &'a str, name: &str) -> Vec<&'a str> {
        let call = format!(" {name}(");
        calls.lines().filter(|line| line.contains(&call)).collect()
    }

    #[test]
    fn j_06_a_flush_that_fails_stops_a_real_process() {
        if !can_trace() {
            return;
        }
        for when in [2, 5, 11] {
            let folder = Folder::new(&format!("eio-{when}"));
            let inject = format!("fdatasync:error=EIO:when={when}");
            let (told, ended, calls) = hinder(&folder, "synced plain", &[&inject]);
            assert!(ended.starts_with("stopped") && ended.contains("flushing failed"), "{ended}");
            let flushes = calls_of(&calls, "fdatasync");
            assert_eq!(calls.matches("INJECTED").count(), 1, "{calls}");
            assert!(flushes.last().is_some_and(|last| last.contains("INJECTED")), "no second try:\n{calls}");
            // Nothing is written behind the hole either.
            let behind = calls.split_once("(INJECTED)").expect("it was").1;
            assert_eq!(calls_of(behind, "write"), [""; 0], "{calls}");
            // What had been told was flushed before: of the block that failed nothing was.
            let (records, _) = assert_kept(&folder, told, &format!("flush {when}"));
            let last = told.map_or(0, |told| told.0);
            assert!(last < record(records.max(1) - 1).seq().0 || records == 0, "{last} told of {records}");
        }
    }

    #[test]
    fn j_07_a_full_disk_stops_a_real_process() {
        if !can_trace() {
            return;
        }
        for (how, when) in [("written plain", 4), ("synced plain", 6)] {
            let folder = Folder::new(&format!("enospc-{when}"));
            let inject = format!("write:error=ENOSPC:when={when}+");
            let (told, ended, calls) = hinder(&folder, how, &[&inject]);
            assert!(ended.starts_with("stopped") && ended.contains("writing a block failed"), "{ended}");
            assert_eq!(calls.matches("INJECTED").count(), 1, "no second try:\n{calls}");
            let (records, ending) = assert_kept(&folder, told, how);
            assert!(matches!(ending, Ending::Cut { lost: 0, .. }), "{ending:?}");
            // With room again it goes on.
            assert_goes_on(&folder, how, records, how);
        }
    }

    #[test]
    fn j_09_interrupted_calls_are_made_again_in_a_real_process() {
        if !can_trace() {
            return;
        }
        let good = Folder::new("uninterrupted");
        let (_, ended, _) = hinder(&good, "written plain", &[]);
        assert_eq!(ended, "sealed");
        let folder = Folder::new("interrupted");
        for injected in [&["write:error=EINTR:when=3+2"][..], &["write:error=EAGAIN:when=2+3"][..]] {
            let _ = std::fs::remove_file(folder.file());
            let (told, ended, calls) = hinder(&folder, "written plain", injected);
            assert_eq!(ended, "sealed");
            assert!(calls.matches("INJECTED").count() > 20, "{calls}");
            let (records, ending) = assert_kept(&folder, told, injected[0]);
            assert_eq!((records, ending), (RECORDS, Ending::Sealed));
            let bytes = |folder: &Folder| std::fs::read(folder.file()).expect("written");
            assert!(bytes(&folder) == bytes(&good), "{injected:?}");
        }
        // Flushes that were interrupted are made again as well.
        let _ = std::fs::remove_file(folder.file());
        let (told, ended, _) = hinder(&folder, "synced plain", &["fdatasync:error=EINTR:when=2+4"]);
        assert_eq!(ended, "sealed");
        assert_eq!(assert_kept(&folder, told, "flushes").0, RECORDS);
    }

    /// The names of the first file and of the folder's anchor are flushed before anything depends on them.
    #[test]
    fn j_15_a_real_process_flushes_its_folder() {
        if !can_trace() {
            return;
        }
        let folder = Folder::new("folder-flush");
        let (_, ended, calls) = hinder(&folder, "synced signed", &[]);
        assert_eq!(ended, "sealed");
        let shown = format!("<{}>", folder.path().display());
        let flushed = |line: &&&str| line.contains(&shown);
        let flushes = calls_of(&calls, "fsync");
        let of_folder = flushes.iter().filter(flushed).count();
        // Once for the journal's name, once for each anchor.
        assert!(of_folder > 10, "{of_folder} flushes of the folder:\n{calls}");
        let (_, ended, calls) = {
            let plain = Folder::new("folder-no-flush");
            hinder(&plain, "written plain", &[])
        };
        assert_eq!(ended, "sealed");
        assert_eq!(calls_of(&calls, "fsync").len(), 0, "nobody asked for it");
    }
}
