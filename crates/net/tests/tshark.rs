//! The same captures through tshark (Wireshark's own reader): times, addresses, ports and every payload byte.

mod made;

use made::{Frame, cut, pcap_of, pcap_on};
use net::capture::{Capture, Content, Endpoint, NgWriter, Received, Writer};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use types::Nanos;

/// Time, source, destination, protocol, payload.
type Row = (i64, String, String, &'static str, String);

fn installed() -> bool {
    let there = Command::new("tshark").arg("--version").output().is_ok_and(|output| output.status.success());
    if !there {
        let _ = writeln!(std::io::stderr(), "SKIPPED: no tshark on this machine (apt-get install tshark)");
    }
    there
}

fn theirs(path: &Path) -> Vec<Row> {
    let fields = [
        "frame.time_epoch",
        "ip.src",
        "ip.dst",
        "ipv6.src",
        "ipv6.dst",
        "udp.srcport",
        "udp.dstport",
        "udp.payload",
        "tcp.srcport",
        "tcp.dstport",
        "tcp.payload",
    ];
    let mut command = Command::new("tshark");
    command.args(["-n", "-r"]).arg(path).args(["-Y", "udp or tcp", "-T", "fields", "-E", "occurrence=f"]);
    fields.iter().for_each(|field| _ = command.args(["-e", field]));
    let output = command.output().expect("it is installed");
    assert!(output.status.success(), "{}: {}", path.display(), String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("text");
    text.lines()
        .map(|line| {
            let [time, ip_from, ip_to, six_from, six_to, udp_from, udp_to, udp, tcp_from, tcp_to, tcp] =
                line.split('\t').collect::<Vec<_>>().try_into().expect("eleven fields");
            let (from, to) = if ip_from.is_empty() { (six_from, six_to) } else { (ip_from, ip_to) };
            let (seconds, part) = time.split_once('.').expect("a fraction");
            let nanos = seconds.parse::<i64>().expect("seconds") * 1_000_000_000
                + format!("{part:0<9}").parse::<i64>().expect("nanoseconds");
            let (kind, from_port, to_port, payload) = if udp_from.is_empty() {
                ("tcp", tcp_from, tcp_to, tcp)
            } else {
                ("udp", udp_from, udp_to, udp)
            };
            (nanos, format!("{from} {from_port}"), format!("{to} {to_port}"), kind, payload.to_string())
        })
        .collect()
}

fn ours(path: &Path) -> Vec<Row> {
    let file = std::fs::File::open(path).expect("just found");
    let mut capture = Capture::new(Box::new(file));
    let mut rows = Vec::new();
    while let Some(packet) = capture.next_packet().expect("whole") {
        let (kind, payload) = match packet.content {
            Content::Datagram(payload) => ("udp", payload),
            Content::Segment(segment) => ("tcp", segment.payload),
        };
        let mut hex = String::with_capacity(2 * payload.len());
        payload.iter().for_each(|byte| write!(hex, "{byte:02x}").expect("a string takes all"));
        let [from, to] =
            [packet.source, packet.destination].map(|end| format!("{} {}", end.ip(), end.port()));
        rows.push((packet.received_at.expect("all have a time").0, from, to, kind, hex));
    }
    rows
}

/// Compares a capture packet by packet; answers how many there were.
fn check(path: &Path) -> usize {
    let (ours, theirs) = (ours(path), theirs(path));
    for (number, (our, their)) in ours.iter().zip(&theirs).enumerate() {
        assert_eq!(our, their, "{}: packet {number}", path.display());
    }
    assert_eq!(ours.len(), theirs.len(), "{}", path.display());
    ours.len()
}

#[test]
fn tshark_reads_the_same_from_recorded_captures() {
    if !installed() {
        return;
    }
    let Some(folder) = testkit::data::recorded("cme-mdp3") else { return };
    assert_eq!(check(&folder.join("Cme.Mdp3.Sbe.v6.1.pcapng")), 10_000);
    // Of its 100 packets one is a router's own.
    assert_eq!(check(&folder.join("Cme.Mdp3.Sbe.v9.1.Example.pcap")), 99);
    let nasdaq = testkit::data::recorded("itch/single-nasdaq").expect("beside the others");
    let folders =
        [folder.join("single/v1.5"), folder.join("single/v1.9"), folder.join("single/ilink3"), nasdaq];
    let mut files: Vec<PathBuf> = Vec::new();
    for folder in folders {
        let entries =
            std::fs::read_dir(folder).expect("just found").map(|entry| entry.expect("readable").path());
        files.extend(entries.filter(|path| path.extension().is_some_and(|kind| kind == "pcap")));
    }
    assert!(files.len() >= 13, "{files:?}");
    for file in &files {
        assert!(check(file) > 0, "{}", file.display());
    }
}

#[test]
fn tshark_reads_the_same_from_captures_of_every_kind() {
    if !installed() {
        return;
    }
    let folder = std::env::temp_dir().join(format!("quoin-tshark-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a temporary folder");
    let payload: Vec<u8> = (0..3_000_u32).map(|at| u8::try_from(at % 251).expect("small")).collect();
    let (four, six) = (Frame::v4(&payload), Frame::v6(&payload));
    let framed = |head: &[u8], frame: &Frame| [head, frame.packet()].concat();
    let tagged = |tags: &[u8], frame: &Frame| [&frame.bytes[..12], tags, &frame.bytes[12..]].concat();
    let both = |link, head4: &[u8], head6: &[u8]| {
        pcap_on(link, [(1, framed(head4, &four)), (2, framed(head6, &six))])
    };
    let parts = |step| {
        let (mut a, mut b) = (cut(&four, step, 77), cut(&six, step, 77));
        a.reverse();
        b.swap(0, 1);
        // One packet whose middle is missing, and a whole one behind.
        let mut c = cut(&four, step, 78);
        c.remove(1);
        // 64 frames a second: every packet is there within what both of us wait for it.
        let all = a.into_iter().chain(b).chain(c).chain([four.bytes.clone()]);
        pcap_of(all.zip(0_u32..).map(|(frame, row)| (1 + row / 64, frame)))
    };
    let sll = |kind: [u8; 2]| [&[0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0][..], &kind].concat();
    let sll2 = |kind: [u8; 2]| [&kind[..], &[0; 6], &[0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0]].concat();
    let cases = [
        ("ethernet.pcap", pcap_of([(1, four.bytes.clone()), (2, six.bytes.clone())]), 2),
        (
            "vlan.pcap",
            pcap_of([
                (1, tagged(&[0x81, 0, 0, 100], &four)),
                (2, tagged(&[0x88, 0xa8, 0, 7, 0x81, 0, 0, 100], &six)),
            ]),
            2,
        ),
        ("tcp.pcap", pcap_of([(1, Frame::tcp(5, true, false, b"hello").bytes)]), 1),
        ("null.pcap", both(0, &[2, 0, 0, 0], &[30, 0, 0, 0]), 2),
        ("loop.pcap", both(108, &[0, 0, 0, 2], &[0, 0, 0, 30]), 2),
        ("raw.pcap", both(101, &[], &[]), 2),
        ("cooked.pcap", both(113, &sll([8, 0]), &sll([0x86, 0xdd])), 2),
        ("cooked2.pcap", both(276, &sll2([8, 0]), &sll2([0x86, 0xdd])), 2),
        ("parts-1480.pcap", parts(1_480), 3),
        ("parts-8.pcap", parts(8), 3),
        ("written.pcap", written(), 3),
        ("received.pcapng", received(), 3),
    ];
    for (name, file, packets) in cases {
        let path = folder.join(name);
        std::fs::write(&path, file).expect("writable");
        assert_eq!(check(&path), packets, "{name}");
    }
    std::fs::remove_dir_all(folder).expect("ours");
}

const SOURCE: Endpoint = Endpoint { ip: [10, 1, 2, 3], port: 40_000 };
const GROUP: Endpoint = Endpoint { ip: [224, 0, 31, 64], port: 14_340 };
const PAYLOADS: [(i64, &[u8]); 3] =
    [(1_700_000_000_123_456_789, b"first"), (1_700_000_000_123_456_790, b"odd"), (3, b"")];

fn written() -> Vec<u8> {
    let mut writer = Writer::new(Vec::new()).expect("a vector takes all");
    for (at, payload) in PAYLOADS {
        writer.datagram(Nanos(at), SOURCE, GROUP, payload).expect("a vector takes all");
    }
    writer.finish().expect("a vector takes all")
}

fn received() -> Vec<u8> {
    let names = ["224.0.31.64:14340".to_string(), "odd name".to_string()];
    let mut writer = NgWriter::new(Vec::new(), "a test", &names).expect("a vector takes all");
    for ((at, payload), (interface, lost_before)) in PAYLOADS.into_iter().zip([(0, 0), (1, 9), (0, 0)]) {
        let received =
            Received { at: Nanos(at), interface, source: SOURCE, destination: GROUP, lost_before, payload };
        writer.datagram(&received).expect("a vector takes all");
    }
    writer.statistics(Nanos(9), 0, 2, 0).expect("a vector takes all");
    writer.statistics(Nanos(9), 1, 1, 9).expect("a vector takes all");
    writer.finish().expect("a vector takes all")
}
