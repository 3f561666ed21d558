//! When the gate opens, policy by policy: on a disk whose writes and flushes wait for the test.

use crate::common::{CONFIG, record, small};
use journal::{Disk, Durability, Options, Sink, Writer};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use types::Seq;

/// Doors that the disk waits at.
#[derive(Default)]
struct Doors {
    writes_wait: AtomicBool,
    flushes_wait: AtomicBool,
    flushes: AtomicU64,
}

impl Doors {
    fn wait(door: &AtomicBool) {
        while door.load(Ordering::Acquire) {
            std::thread::yield_now();
        }
    }
}

#[derive(Clone)]
struct Waiting(Arc<Doors>);

impl Write for Waiting {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Doors::wait(&self.0.writes_wait);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Sink for Waiting {
    fn sync(&mut self) -> io::Result<()> {
        Doors::wait(&self.0.flushes_wait);
        self.0.flushes.fetch_add(1, Ordering::AcqRel);
        Ok(())
    }
}

impl Disk for Waiting {
    fn create(&mut self, _: &Path) -> io::Result<Box<dyn Sink>> {
        Ok(Box::new(self.clone()))
    }

    fn rename(&mut self, _: &Path, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn sync_folder(&mut self, _: &Path) -> io::Result<()> {
        Ok(())
    }
}

fn begin(durability: Durability) -> (Writer, Arc<Doors>) {
    let doors = Arc::new(Doors::default());
    let options = Options { durability, blocks: 8, ..small() };
    let disk = Box::new(Waiting(Arc::clone(&doors)));
    let writer =
        Writer::create_on(disk, PathBuf::from("journal.qj"), CONFIG, options).expect("it is willing");
    doors.writes_wait.store(true, Ordering::Release);
    doors.flushes_wait.store(true, Ordering::Release);
    doors.flushes.store(0, Ordering::Release);
    (writer, doors)
}

fn until(writer: &Writer, seq: u64) {
    while writer.written() < Some(Seq(seq)) {
        writer.health().expect("it is willing");
        std::thread::yield_now();
    }
}

#[test]
fn buffered_opens_before_the_disk_has_anything() {
    let (mut writer, doors) = begin(Durability::Buffered);
    writer.append(&record(0));
    assert_eq!(writer.written(), None, "it is not handed over");
    writer.flush();
    assert_eq!((writer.written(), writer.backlog()), (Some(Seq(0)), 1));
    doors.writes_wait.store(false, Ordering::Release);
    assert_eq!(writer.finish().expect("it is willing").records, 1);
    assert_eq!(doors.flushes.load(Ordering::Acquire), 0);
}

#[test]
fn written_opens_with_the_write_and_flushes_nothing() {
    let (mut writer, doors) = begin(Durability::Written);
    writer.append(&record(0));
    writer.flush();
    assert_eq!((writer.written(), writer.backlog()), (None, 1));
    doors.writes_wait.store(false, Ordering::Release);
    until(&writer, 0);
    assert_eq!((doors.flushes.load(Ordering::Acquire), writer.backlog()), (0, 0));
    writer.finish().expect("it is willing");
}

#[test]
fn synced_opens_with_the_flush_that_all_behind_it_share() {
    let (mut writer, doors) = begin(Durability::Synced);
    doors.writes_wait.store(false, Ordering::Release);
    writer.append(&record(0));
    writer.flush();
    // Six more inputs while the first flush is under way: each handed over, none told.
    for n in [1, 2, 4, 5, 6, 8] {
        writer.append(&record(n));
        writer.flush();
    }
    assert_eq!((writer.written(), writer.backlog()), (None, 7));
    doors.flushes_wait.store(false, Ordering::Release);
    until(&writer, record(8).seq().0);
    let flushes = doors.flushes.load(Ordering::Acquire);
    // The first may have been joined by some that came before it began; the others shared one.
    assert!((1..=2).contains(&flushes), "{flushes} flushes for seven inputs");
    assert_eq!(writer.backlog(), 0);
    writer.finish().expect("it is willing");
}
