//! Recording: what a sender puts on the loopback interface is in the file, however the recording ends.

#![cfg(target_os = "linux")]

mod common;

use common::{Scratch, fail, quoin, succeed};
use net::capture::{Capture, Endpoint, Writer};
use serde_json::Value;
use socket2::{Domain, Socket, Type};
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, UdpSocket};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Destination and payload, in the order of a capture.
type Packets = Vec<(Endpoint, Vec<u8>)>;

fn packets(path: &str) -> Packets {
    let file = std::fs::read(path).expect("readable");
    let mut capture = Capture::of(&file);
    let mut packets = Packets::new();
    while let Some(datagram) = capture.next().expect("whole") {
        packets.push((datagram.destination, datagram.payload.to_vec()));
    }
    packets
}

/// The recorded channel, or a generated one where the recordings are not, sent to lines of this test's own: tests
/// run side by side, and hear each other otherwise.
fn session(scratch: &Scratch, test: u32) -> (String, Packets) {
    let path = match testkit::data::recorded("cme-mdp3/Cme.Mdp3.Sbe.v6.1.pcapng") {
        Some(path) => common::text(&path),
        None => {
            let path = scratch.text("day.pcap");
            succeed(&["generate", "--seed", "7", "--minutes", "1", "--out", &path]);
            path
        }
    };
    let mut packets = packets(&path);
    packets.iter_mut().for_each(|(group, _)| *group = own(*group, test));
    assert_eq!(groups(&packets).len(), 2);
    (path, packets)
}

/// An A line and its B line of production, by the rule for them, of this test's own.
fn own(group: Endpoint, test: u32) -> Endpoint {
    let own = std::process::id() * 8 + test;
    let last = u8::try_from(1 + own % 250).expect("small");
    let port = 14_000 + u16::try_from(own / 250 % 1_000).expect("small");
    match group.ip[2] {
        31 => Endpoint { ip: [224, 0, 31, last], port },
        32 => Endpoint { ip: [224, 0, 32, last], port: port + 1_000 },
        other => panic!("{other} is neither line"),
    }
}

/// The first packets of a generated session, whose books and trades are whole, as a capture and as they are sent.
fn generated(scratch: &Scratch, test: u32) -> (String, Packets) {
    const COUNT: usize = 12_000;
    let day = scratch.text("generated.pcap");
    succeed(&["generate", "--seed", "7", "--minutes", "1", "--out", &day]);
    let (file, path) = (std::fs::read(day).expect("readable"), scratch.text("original.pcap"));
    let mut writer = Writer::new(std::fs::File::create(&path).expect("writable")).expect("writable");
    let (mut capture, mut packets) = (Capture::of(&file), Packets::new());
    while let Some(datagram) = capture.next().expect("whole")
        && packets.len() < COUNT
    {
        let group = own(datagram.destination, test);
        writer.datagram(datagram.received_at, datagram.source, group, datagram.payload).expect("writable");
        packets.push((group, datagram.payload.to_vec()));
    }
    writer.finish().expect("writable");
    assert_eq!(packets.len(), COUNT);
    (path, packets)
}

fn groups(packets: &Packets) -> Vec<Endpoint> {
    let mut groups: Vec<Endpoint> = packets.iter().map(|(group, _)| *group).collect();
    groups.sort_unstable();
    groups.dedup();
    groups
}

fn sender() -> UdpSocket {
    let socket = Socket::new(Domain::IPV4, Type::DGRAM, None).expect("a socket");
    socket.set_multicast_if_v4(&Ipv4Addr::LOCALHOST).expect("loopback");
    socket.bind(&SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0).into()).expect("bound");
    socket.into()
}

/// Sends in packs with breaks between: 10,000 packets take two seconds and a half.
fn send(packets: &[(Endpoint, Vec<u8>)]) {
    let sender = sender();
    for pack in packets.chunks(40) {
        for (group, payload) in pack {
            sender.send_to(payload, SocketAddr::from(*group)).expect("sent");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A recording under way that has joined its lines, or `None` (said on stderr) where there is no multicast.
fn start(mut command: Command) -> Option<Child> {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts");
    let mut lines = BufReader::new(child.stderr.take().expect("piped"));
    let mut said = String::new();
    while !said.contains("Listening") {
        if lines.read_line(&mut said).expect("text") == 0 {
            assert!(said.contains("joining"), "{said}");
            child.wait().expect("it was ours");
            let _ = writeln!(std::io::stderr(), "SKIPPED: no multicast on loopback here: {said}");
            return None;
        }
    }
    // What else it says is wanted when it fails.
    child.stderr = None;
    std::thread::spawn(move || {
        let mut rest = String::new();
        let _ = lines.read_to_string(&mut rest);
        eprint!("{rest}");
    });
    Some(child)
}

fn record(to: &str, more: &[&str]) -> Command {
    let mut command = quoin();
    command.args(["record", "--to", to, "--interface", "127.0.0.1", "--for", "60s", "--json"]).args(more);
    command
}

/// Ctrl-C, and what it answers.
fn interrupt(child: Child) -> Value {
    let status =
        Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill is there");
    assert!(status.success());
    let output = child.wait_with_output().expect("it was ours");
    assert_eq!(output.status.code(), Some(0));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn inspected(path: &str) -> Value {
    serde_json::from_str(&succeed(&["inspect", "--json", path])).expect("JSON")
}

/// The captures of a folder.
fn files(folder: &str) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("it was made")
        .map(|entry| entry.expect("readable").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "pcapng"))
        .collect();
    files.sort();
    files
}

#[test]
fn a_replayed_capture_is_recorded_and_inspects_to_the_same_counts() {
    let scratch = Scratch::new("record");
    let (original, packets) = session(&scratch, 1);
    let lines: Vec<String> = groups(&packets).iter().map(ToString::to_string).collect();
    for (name, more) in [("plain", &[][..]), ("fast", &["--busy-poll", "--recvmmsg"])] {
        let to = scratch.text(name);
        let mut command = record(&to, more);
        lines.iter().for_each(|line| _ = command.args(["--group", line]));
        let Some(child) = start(command) else { return };
        send(&packets);
        let answer = interrupt(child);
        assert_eq!(answer["packets"], packets.len(), "{answer}");
        assert_eq!(answer["lost_by_kernel"], 0, "{answer}");
        assert_eq!(answer["channels"][0]["lost"], 0, "{answer}");
        let path = answer["files"][0]["path"].as_str().expect("a path").to_string();
        // The same payloads on the same lines, each line in its order.
        let recorded = self::packets(&path);
        for group in groups(&packets) {
            let of = |packets: &Packets| -> Vec<Vec<u8>> {
                packets.iter().filter(|(to, _)| *to == group).map(|(_, payload)| payload.clone()).collect()
            };
            assert!(of(&recorded) == of(&packets), "{name}: {group} differs");
        }
        let (ours, theirs) = (inspected(&path), inspected(&original));
        let counts = |value: &Value| -> Value {
            let mut counts = value["files"][0]["counts"].clone();
            // Two sockets are asked one after the other: which copy is first may differ by a packet.
            let counted = counts.as_object_mut().expect("an object");
            counted.remove("packets held");
            // The capture is replayed faster than it was recorded.
            counted.remove("recovery longest ns");
            // And long after: its venue times are of another day than when it is received.
            counted.remove("times that cannot be");
            counts
        };
        assert_eq!(counts(&ours), counts(&theirs), "{name}");
        for part in ["events", "gaps", "faults"] {
            assert_eq!(ours["files"][0][part], theirs["files"][0][part], "{name}: {part}");
        }
        // Every instrument, with its terms and what its book went through.
        assert!(ours["instruments"].as_array().is_some_and(|all| !all.is_empty()));
        assert_eq!(ours["instruments"], theirs["instruments"], "{name}");
    }
}

#[test]
fn a_recording_is_the_history_that_an_import_of_the_original_makes() {
    let scratch = Scratch::new("record-history");
    let (original, packets) = generated(&scratch, 5);
    let (to, due) = (scratch.text("recorded"), scratch.text("imported"));
    let mut command = record(&to, &[]);
    groups(&packets).iter().for_each(|line| _ = command.args(["--group", &line.to_string()]));
    let Some(child) = start(command) else { return };
    send(&packets);
    let answer = interrupt(child);
    assert_eq!((&answer["packets"], &answer["channels"][0]["gaps"]), (&packets.len().into(), &0.into()));
    succeed(&["import", &original, "--to", &due]);
    let asked: [&[&str]; 2] = [&["--bars", "1s"], &["--spread", "--depth", "5", "--every", "1s"]];
    for question in asked {
        let ask = |folder: &str| succeed(&[&["query", folder, "--csv"][..], question].concat());
        assert!(ask(&due).lines().count() > 10, "{question:?}");
        assert!(ask(&to) == ask(&due), "{question:?}: {}", ask(&to));
    }
    let events = answer["history"][0]["events"].as_u64().expect("a count");
    assert_eq!(succeed(&["query", &due, "--events", "--csv"]).lines().count() as u64, events + 1);
    // The captures that lie beside it are in nobody's way.
    let report = |data: &str| -> Value {
        serde_json::from_str(&succeed(&["backtest", "--data", data, "--strategy", "joined_touch", "--json"]))
            .expect("JSON")
    };
    let (ours, theirs) = (report(&to), report(&due));
    for part in ["headline", "pnl", "activity", "fill_rate", "instruments"] {
        assert!(!ours[part].is_null(), "no {part}");
        assert_eq!(ours[part], theirs[part], "{part}");
    }
    assert!(ours["activity"]["orders_placed"].as_u64() > Some(0), "{}", ours["activity"]);
}

#[test]
fn captures_alone_are_kept_when_asked_and_an_import_makes_the_same_history_later() {
    let scratch = Scratch::new("record-later");
    let (_, packets) = generated(&scratch, 6);
    let lines: Vec<String> = groups(&packets).iter().map(ToString::to_string).collect();
    let (raw, rotated) = (scratch.text("raw"), scratch.text("rotated"));
    let mut command = record(&raw, &["--captures-only"]);
    lines.iter().for_each(|line| _ = command.args(["--group", line]));
    let Some(child) = start(command) else { return };
    // Two recordings of the same lines at once.
    let mut command = record(&rotated, &["--rotate-size", "300K"]);
    lines.iter().for_each(|line| _ = command.args(["--group", line]));
    let Some(second) = start(command) else { return };
    send(&packets);
    let (answer, rotated_answer) = (interrupt(child), interrupt(second));
    assert_eq!(answer["history"], serde_json::json!([]));
    assert!(!std::path::Path::new(&raw).join("_quoin").exists());
    let bars = |folder: &str| succeed(&["query", folder, "--bars", "1s", "--csv"]);
    let error = fail(&["query", &raw, "--bars", "1s"], 1);
    assert!(error.contains("holds no imported history; `quoin import FILE --to"), "{error}");
    // Into the same folder, as the recording would have done.
    succeed(&["import", &common::text(&files(&raw)[0]), "--to", &raw]);
    // Of many files each is its own import, and together they hold each trade once.
    let imports = rotated_answer["history"].as_array().expect("a list");
    assert!(imports.len() > 3 && imports.len() == files(&rotated).len(), "{rotated_answer}");
    assert!(imports.iter().all(|import| import["error"].is_null()), "{rotated_answer}");
    // By second alone: a file that does not hold the definitions calls its instruments by number.
    let trades = |folder: &str| -> BTreeMap<String, u64> {
        let mut trades = BTreeMap::new();
        for bar in bars(folder).lines().skip(1) {
            let cells: Vec<&str> = bar.split(',').collect();
            *trades.entry(cells[1].to_string()).or_insert(0) += cells[8].parse::<u64>().expect("a count");
        }
        trades
    };
    assert!(trades(&raw).len() > 5);
    assert_eq!(trades(&rotated), trades(&raw));
    let later = scratch.text("later");
    for file in files(&rotated) {
        succeed(&["import", &common::text(&file), "--to", &later]);
    }
    let events = |folder: &str| succeed(&["query", folder, "--events", "--csv"]);
    assert!(events(&later) == events(&rotated));
}

#[test]
fn a_killed_recording_can_be_read_up_to_its_last_flush() {
    let scratch = Scratch::new("record-kill");
    let (_, packets) = session(&scratch, 2);
    let to = scratch.text("killed");
    let mut command = record(&to, &[]);
    groups(&packets).iter().for_each(|line| _ = command.args(["--group", &line.to_string()]));
    let Some(mut child) = start(command) else { return };
    send(&packets[..packets.len().min(5_000)]);
    child.kill().expect("SIGKILL");
    child.wait().expect("it was ours");
    let [path] = &files(&to)[..] else { panic!("one file: {:?}", files(&to)) };
    let bytes = std::fs::read(path).expect("readable");
    let mut capture = Capture::of(&bytes);
    let mut seen = 0;
    let ended = loop {
        match capture.next() {
            Ok(Some(datagram)) => {
                assert!(packets.iter().any(|(_, payload)| payload == datagram.payload));
                seen += 1;
            }
            Ok(None) => break true,
            Err(error) => {
                assert!(error.is_final() && error.to_string().contains("ends within a record"), "{error}");
                break false;
            }
        }
    };
    // Flushed twice a second, and 4,000 packets a second were sent for more than one.
    assert!(seen >= 1_000, "{seen} packets, ended between records: {ended}");
    // Its history is made when somebody asks for it.
    succeed(&["import", &common::text(path), "--to", &to]);
    assert!(succeed(&["query", &to, "--events", "--csv"]).lines().count() > 1_000);
}

#[test]
fn files_are_rotated_and_together_hold_everything() {
    let scratch = Scratch::new("record-rotate");
    let (_, packets) = session(&scratch, 3);
    let to = scratch.text("rotated");
    let mut command = record(&to, &["--rotate-size", "100K"]);
    groups(&packets).iter().for_each(|line| _ = command.args(["--group", &line.to_string()]));
    let Some(child) = start(command) else { return };
    let sent = &packets[..packets.len().min(2_000)];
    send(sent);
    let answer = interrupt(child);
    let written = answer["files"].as_array().expect("a list");
    assert!(written.len() > 1, "{answer}");
    assert_eq!(written.len(), files(&to).len());
    let mut total = 0;
    for file in written {
        let path = file["path"].as_str().expect("a path");
        let held = self::packets(path).len();
        assert_eq!(file["packets"], held);
        assert_eq!(file["bytes"], std::fs::metadata(path).expect("there").len());
        total += held;
    }
    assert_eq!(total, sent.len());
    // All but the last reached the size, and none went beyond by more than a packet and its statistics.
    for file in &written[..written.len() - 1] {
        let bytes = file["bytes"].as_u64().expect("a number");
        assert!((102_400..106_000).contains(&bytes), "{answer}");
    }
}

#[test]
fn o_10_a_disk_that_takes_no_more_is_a_clear_error_and_the_file_is_readable() {
    let scratch = Scratch::new("record-full");
    let (_, packets) = session(&scratch, 4);
    let to = scratch.text("full");
    // A limit on files stands for a full disk: with its signal ignored, the write fails.
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' XFSZ; ulimit -f 200; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_quoin")]);
    command.args(["record", "--to", &to, "--interface", "127.0.0.1", "--for", "60s"]);
    groups(&packets).iter().for_each(|line| _ = command.args(["--group", &line.to_string()]));
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("sh starts");
    let mut lines = BufReader::new(child.stderr.take().expect("piped"));
    let mut said = String::new();
    while !said.contains("Listening") && lines.read_line(&mut said).expect("text") > 0 {}
    if said.contains("joining") {
        child.wait().expect("it was ours");
        let _ = writeln!(std::io::stderr(), "SKIPPED: no multicast on loopback here: {said}");
        return;
    }
    send(&packets[..packets.len().min(4_000)]);
    assert_eq!(child.wait().expect("it was ours").code(), Some(1));
    lines.read_to_string(&mut said).expect("text");
    assert!(
        said.contains("cannot write") && said.contains("pcapng") && said.contains("File too large"),
        "{said}"
    );
    let bytes = std::fs::read(&files(&to)[0]).expect("readable");
    let mut capture = Capture::of(&bytes);
    let mut seen = 0;
    while let Ok(Some(_)) = capture.next() {
        seen += 1;
    }
    assert!(seen > 0, "nothing can be read of {} bytes", bytes.len());
}

#[test]
fn lines_are_named_by_channel() {
    let Some(config) = testkit::data::recorded("cme-mdp3/config_prod_2017.xml") else { return };
    let config = common::text(&config);
    let scratch = Scratch::new("record-channel");
    let to = scratch.text("nothing");
    let mut command = record(&to, &["--channels", &config, "--channel", "340", "--feeds", "I,N"]);
    command.args(["--channel", "310"]);
    let Some(child) = start(command) else { return };
    let answer = interrupt(child);
    let lines: Vec<&str> = answer["lines"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|line| line["line"].as_str().expect("a name"))
        .collect();
    assert_eq!(lines.len(), 8);
    assert_eq!(lines[..2], ["310 I A 224.0.31.1:14310", "310 I B 224.0.32.1:15310"]);
    assert_eq!(lines[4..6], ["340 I A 224.0.31.64:14340", "340 I B 224.0.32.64:15340"]);
    // Each channel's feeds are one decoder's.
    let channels: Vec<_> =
        answer["channels"].as_array().expect("a list").iter().map(|one| &one["channel"]).collect();
    assert_eq!(channels, ["310", "340"]);
    assert_eq!(answer["files"].as_array().expect("a list").len(), 0);
    assert!(files(&to).is_empty(), "nothing came, and nothing is written");
    let advice = [
        (vec!["--channel", "9"], "there is no channel 9; there are 310, 311"),
        (vec!["--product", "XYZ"], "no channel carries a product `XYZ`"),
        (vec!["--product", "ES", "--feeds", "Q"], "has no multicast feed `Q`; it has I, N, S, SMBO"),
        (vec![], "needs --channel or --product"),
    ];
    for (more, expected) in advice {
        let error = fail(&[&["record", "--to", &to, "--channels", &config][..], &more].concat(), 1);
        assert!(error.contains(expected), "{error}");
    }
}
