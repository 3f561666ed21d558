//! Captures through the door users take: recorded files, files written here, and what is left of them after
//! damage.

use net::capture::{Capture, CaptureError, Endpoint, Skipped, Writer};
use std::io::Read;
use stdx::Prng;
use types::Nanos;

const SOURCE: Endpoint = Endpoint { ip: [10, 1, 2, 3], port: 40_000 };
const GROUP: Endpoint = Endpoint { ip: [224, 0, 31, 64], port: 14_340 };

/// Time, payload and record offset.
type Seen = (i64, Vec<u8>, u64);

/// Every datagram, and what ended or interrupted the capture.
fn read_all(mut capture: Capture<'_>) -> (Vec<Seen>, Vec<CaptureError>, Skipped) {
    let (mut datagrams, mut errors) = (Vec::new(), Vec::new());
    loop {
        match capture.next() {
            Ok(Some(datagram)) => {
                datagrams.push((datagram.received_at.0, datagram.payload.to_vec(), datagram.offset))
            }
            Ok(None) => break,
            Err(error) => errors.push(error),
        }
    }
    assert!(capture.next().expect("over means over").is_none());
    (datagrams, errors, capture.skipped())
}

fn written() -> Vec<u8> {
    let mut writer = Writer::new(Vec::new()).expect("a vector takes all");
    for (at, payload) in
        [(1_000_000_000_000_000_001, &b"first"[..]), (1_000_000_000_000_000_002, b""), (3, b"third")]
    {
        writer.datagram(Nanos(at), SOURCE, GROUP, payload).expect("a vector takes all");
    }
    writer.finish().expect("a vector takes all")
}

#[test]
fn what_is_written_is_read_back() {
    let file = written();
    let mut capture = Capture::of(&file);
    let first = capture.next().expect("readable").expect("three were written");
    assert_eq!((first.source, first.destination), (SOURCE, GROUP));
    let (datagrams, errors, skipped) = read_all(Capture::of(&file));
    // 24 bytes of file header; 16 of record header, 14 + 20 + 8 of frame headers for each.
    assert_eq!(
        datagrams,
        [
            (1_000_000_000_000_000_001, b"first".to_vec(), 24),
            (1_000_000_000_000_000_002, Vec::new(), 87),
            (3, b"third".to_vec(), 145),
        ]
    );
    assert!(errors.is_empty() && skipped == Skipped::default());
}

#[test]
fn a_written_frame_carries_right_checksums() {
    let file = written();
    let frame = &file[24 + 16..24 + 16 + 14 + 20 + 8 + 5];
    // RFC 791: the ones' complement sum over a header with its checksum is all ones.
    let sum = |bytes: &[u8], start: u32| {
        let words = bytes.chunks(2).map(|w| u32::from(w[0]) << 8 | u32::from(*w.get(1).unwrap_or(&0)));
        let mut sum = start + words.sum::<u32>();
        while sum > 0xffff {
            sum = (sum & 0xffff) + (sum >> 16);
        }
        sum
    };
    assert_eq!(sum(&frame[14..34], 0), 0xffff);
    // RFC 768: the pseudo header is the addresses, the protocol and the datagram's length.
    let pseudo = sum(&frame[26..34], 17 + 13);
    assert_eq!(sum(&frame[34..], pseudo), 0xffff);
    // RFC 1112: the multicast address's hardware address.
    assert_eq!(frame[0..6], [0x01, 0x00, 0x5e, 0, 31, 64]);
}

#[test]
fn a_writer_refuses_what_a_capture_cannot_hold() {
    let mut writer = Writer::new(Vec::new()).expect("a vector takes all");
    let mut put = |at, bytes| writer.datagram(Nanos(at), SOURCE, GROUP, &vec![0; bytes]).is_ok();
    let cases =
        [(0, 65_507, true), (0, 65_508, false), (-1, 1, false), (4_294_967_296_000_000_000, 1, false)];
    for (at, bytes, expected) in cases {
        assert_eq!(put(at, bytes), expected, "{at} {bytes}");
    }
}

/// A pcap of the given magic and byte order with two frames.
fn pcap(magic: u32, big_endian: bool, frames: &[(u32, u32, &[u8])]) -> Vec<u8> {
    let word = |value: u32| if big_endian { value.to_be_bytes() } else { value.to_le_bytes() };
    let half = |value: u16| if big_endian { value.to_be_bytes() } else { value.to_le_bytes() };
    let mut file = Vec::new();
    file.extend(word(magic));
    file.extend(half(2));
    file.extend(half(4));
    for value in [0, 0, 65_535, 1] {
        file.extend(word(value));
    }
    for (seconds, units, frame) in frames {
        let length = u32::try_from(frame.len()).expect("small");
        for value in [*seconds, *units, length, length] {
            file.extend(word(value));
        }
        file.extend(*frame);
    }
    file
}

/// The frame of the first datagram written above.
fn frame() -> Vec<u8> {
    written()[24 + 16..24 + 16 + 47].to_vec()
}

#[test]
fn both_units_and_both_byte_orders_are_read() {
    let frame = frame();
    for big_endian in [false, true] {
        for (magic, nanos) in [(0xa1b2_c3d4, 7_000), (0xa1b2_3c4d, 7)] {
            let file = pcap(magic, big_endian, &[(5, 7, &frame)]);
            let (datagrams, errors, _) = read_all(Capture::of(&file));
            assert_eq!(datagrams, [(5_000_000_000 + nanos, b"first".to_vec(), 24)], "{magic:x} {big_endian}");
            assert!(errors.is_empty());
        }
    }
}

#[test]
fn vlan_tags_are_passed_and_others_counted() {
    let plain = frame();
    let tagged = |tags: &[[u8; 4]]| [&plain[..12], tags.concat().as_slice(), &plain[12..]].concat();
    let one = tagged(&[[0x81, 0x00, 0, 100]]);
    let two = tagged(&[[0x88, 0xa8, 0, 7], [0x81, 0x00, 0, 100]]);
    let mut padded = plain.clone();
    padded.extend([0; 13]);
    // TCP in place of UDP needs a whole TCP header; PIM (103) needs none.
    let mut pim = plain.clone();
    pim[23] = 103;
    let mut arp = plain[..14].to_vec();
    arp[12..14].copy_from_slice(&[0x08, 0x06]);
    arp.extend([0, 1, 8, 0, 6, 4, 0, 1]);
    arp.extend([0; 20]);
    let frames = [&plain, &one, &two, &padded, &pim, &arp];
    let frames: Vec<(u32, u32, &[u8])> = frames.iter().map(|frame| (1, 0, frame.as_slice())).collect();
    let (datagrams, errors, skipped) = read_all(Capture::of(&pcap(0xa1b2_c3d4, false, &frames)));
    assert!(errors.is_empty(), "{errors:?}");
    assert_eq!(datagrams.len(), 4);
    assert!(datagrams.iter().all(|(_, payload, _)| payload == b"first"));
    let expected = Skipped { not_ipv4: 1, not_udp: 1, ..Skipped::default() };
    assert_eq!(skipped, expected);
}

/// A block of pcapng.
fn block(kind: u32, body: &[u8], big_endian: bool) -> Vec<u8> {
    let word = |value: u32| if big_endian { value.to_be_bytes() } else { value.to_le_bytes() };
    let length = word(12 + u32::try_from(body.len()).expect("small"));
    [&word(kind), &length, body, &length].concat()
}

/// A section with one interface of the given resolution and time offset, and one packet of it.
fn section(big_endian: bool, resolution: u8, offset: i64, units: u64, frame: &[u8]) -> Vec<u8> {
    let word = |value: u32| if big_endian { value.to_be_bytes() } else { value.to_le_bytes() };
    let half = |value: u16| if big_endian { value.to_be_bytes() } else { value.to_le_bytes() };
    let long = |value: i64| if big_endian { value.to_be_bytes() } else { value.to_le_bytes() };
    let header = [&word(0x1a2b_3c4d)[..], &half(1), &half(0), &[0xff; 8]].concat();
    let options = [
        &half(9)[..],
        &half(1),
        &[resolution, 0, 0, 0],
        &half(14),
        &half(8),
        &long(offset),
        &half(0),
        &half(0),
    ]
    .concat();
    let interface = [&half(1)[..], &half(0), &word(65_535), &options].concat();
    let length = u32::try_from(frame.len()).expect("small");
    let high = u32::try_from(units >> 32).expect("a half");
    let low = u32::try_from(units & 0xffff_ffff).expect("a half");
    let mut packet = [word(0), word(high), word(low), word(length), word(length)].concat();
    packet.extend(frame);
    packet.resize(packet.len().next_multiple_of(4), 0);
    [block(0x0a0d_0d0a, &header, big_endian), block(1, &interface, big_endian), block(6, &packet, big_endian)]
        .concat()
}

#[test]
fn pcapng_sections_bring_their_own_order_and_clock() {
    let frame = frame();
    let cases: [(u8, i64, u64, i64); 4] = [
        (6, 0, 5_000_007, 5_000_007_000),
        (9, 100, 7, 100_000_000_007),
        (0x80 | 10, 0, 3 * 1024 + 512, 3_500_000_000),
        (0, -1, 4, 3_000_000_000),
    ];
    let mut file = Vec::new();
    let mut expected = Vec::new();
    for big_endian in [false, true] {
        for (resolution, offset, units, nanos) in cases {
            file.extend(section(big_endian, resolution, offset, units, &frame));
            expected.push(nanos);
        }
    }
    let (datagrams, errors, skipped) = read_all(Capture::of(&file));
    assert!(errors.is_empty(), "{errors:?}");
    let times: Vec<i64> = datagrams.iter().map(|(at, _, _)| *at).collect();
    assert_eq!(times, expected);
    assert_eq!(skipped.blocks, 16);
}

#[test]
fn a_damaged_block_is_reported_and_the_next_one_read() {
    let frame = frame();
    let good = section(false, 9, 0, 1, &frame);
    let packet_at = good.len() - (32 + 48);
    let mut file = good.clone();
    // The packet claims more bytes than its block has.
    file[packet_at + 20..packet_at + 24].copy_from_slice(&4_000_u32.to_le_bytes());
    // The same packet again, whole, and one of an interface that is not there.
    file.extend(&good[packet_at..]);
    let stranger = file.len();
    file.extend(&good[packet_at..]);
    file[stranger + 8] = 9;
    file.extend(&good[packet_at..]);
    let (datagrams, errors, _) = read_all(Capture::of(&file));
    assert_eq!(datagrams.len(), 2);
    let found: Vec<(u64, u64, bool)> =
        errors.iter().map(|error| (error.offset(), error.skipped(), error.is_final())).collect();
    assert_eq!(found, [(packet_at as u64, 80, false), (stranger as u64, 80, false)]);
}

#[test]
fn a_frame_cut_by_the_snap_length_is_a_fault_and_not_the_end() {
    let frame = frame();
    let mut file = pcap(0xa1b2_c3d4, false, &[(1, 0, &frame[..44]), (2, 0, &frame)]);
    file[24 + 12] = 47;
    let (datagrams, errors, _) = read_all(Capture::of(&file));
    assert_eq!(datagrams.len(), 1);
    assert_eq!(errors.len(), 1);
    assert!(errors[0].to_string().contains("cut short"), "{}", errors[0]);
}

#[test]
fn what_is_no_capture_is_said_to_be_none() {
    for bytes in [&b""[..], b"a1", b"hello, world", &[0; 100]] {
        let (datagrams, errors, _) = read_all(Capture::of(bytes));
        assert!(datagrams.is_empty());
        assert!(matches!(errors[..], [CaptureError::NotACapture]), "{errors:?}");
    }
}

/// A reader that gives one byte at a time, or fails at the end.
struct Trickle<'a>(&'a [u8], bool);

impl Read for Trickle<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        match self.0.split_first() {
            Some((&first, rest)) => {
                into[0] = first;
                self.0 = rest;
                Ok(1)
            }
            None if self.1 => Err(std::io::Error::other("the disk is gone")),
            None => Ok(0),
        }
    }
}

#[test]
fn chunks_of_any_size_give_the_same() {
    for file in [written(), section(true, 9, 0, 1, &frame())] {
        let (whole, _, skipped) = read_all(Capture::of(&file));
        let (trickled, errors, skipped_too) = read_all(Capture::new(Box::new(Trickle(&file, false))));
        assert_eq!((&whole, skipped), (&trickled, skipped_too));
        assert!(errors.is_empty());
        let (before, errors, _) = read_all(Capture::new(Box::new(Trickle(&file, true))));
        assert_eq!(whole, before);
        assert!(matches!(errors[..], [CaptureError::Read { .. }]));
    }
}

#[test]
fn a_file_cut_at_any_byte_gives_what_is_before_the_cut() {
    for file in [written(), section(false, 9, 0, 1, &frame())] {
        let (whole, _, _) = read_all(Capture::of(&file));
        for cut in 0..file.len() {
            let (datagrams, errors, _) = read_all(Capture::of(&file[..cut]));
            assert!(whole.starts_with(&datagrams), "cut at {cut}");
            assert!(
                errors.len() <= 1 && errors.iter().all(CaptureError::is_final),
                "cut at {cut}: {errors:?}"
            );
            let complete =
                datagrams.last().map_or(24, |(_, payload, offset)| *offset as usize + 58 + payload.len());
            // Cut between records, the file is a shorter file.
            if file.starts_with(&[0x4d]) && cut > 24 && cut != complete {
                assert!(matches!(errors[..], [CaptureError::Truncated { .. }]), "cut at {cut}");
                assert_eq!(errors[0].offset() + errors[0].skipped(), cut as u64);
            }
        }
    }
}

#[test]
fn damage_at_any_byte_and_bytes_of_chance_never_panic_and_always_end() {
    let mut prng = Prng::new(20_161_112);
    let files = [written(), section(false, 9, 0, 1, &frame()), section(true, 6, 0, 1, &frame())];
    for round in 0..20_000 {
        let mut file = files[round % files.len()].clone();
        for _ in 0..=prng.below(4) {
            let at = usize::try_from(prng.below(file.len() as u64)).expect("within the file");
            file[at] = u8::try_from(prng.below(256)).expect("a byte");
        }
        if prng.chance(0.3) {
            // Bytes of chance behind a good start.
            let keep = usize::try_from(prng.below(file.len() as u64)).expect("within the file");
            for byte in &mut file[keep..] {
                *byte = u8::try_from(prng.below(256)).expect("a byte");
            }
        }
        let (datagrams, errors, _) = read_all(Capture::of(&file));
        assert!(datagrams.len() + errors.len() <= file.len(), "round {round}");
        assert!(datagrams.iter().all(|(_, _, offset)| (*offset as usize) < file.len()));
    }
}

#[test]
fn recorded_captures_hold_what_independent_tools_counted() {
    // File, datagrams, destinations with how many each, what else there was.
    let Some(path) = testkit::data::recorded("cme-mdp3/Cme.Mdp3.Sbe.v6.1.pcapng") else {
        return;
    };
    let file = std::fs::File::open(path).expect("just found");
    let mut capture = Capture::new(Box::new(file));
    let mut lines = std::collections::BTreeMap::new();
    let (mut first, mut last) = (i64::MAX, i64::MIN);
    while let Some(datagram) = capture.next().expect("the file is whole") {
        *lines.entry(datagram.destination).or_insert(0) += 1;
        first = first.min(datagram.received_at.0);
        last = last.max(datagram.received_at.0);
    }
    let lines: Vec<_> = lines.into_iter().map(|(line, count)| (line.ip, line.port, count)).collect();
    assert_eq!(lines, [([224, 0, 31, 64], 14_340, 5_000), ([224, 0, 32, 64], 15_340, 5_000)]);
    // 2016-11-12 14:30:25 to 14:35:29 UTC.
    assert_eq!((first / 1_000_000_000, last / 1_000_000_000), (1_478_961_025, 1_478_961_329));
    assert_eq!(capture.skipped().not_udp, 0);

    // 13 files of one packet; the four of iLink 3 are TCP.
    let folder = testkit::data::recorded("cme-mdp3/single").expect("beside the others");
    let (mut udp, mut others) = (0, 0);
    for version in ["v1.5", "v1.9", "ilink3"] {
        for entry in std::fs::read_dir(folder.join(version)).expect("just found") {
            let bytes = std::fs::read(entry.expect("readable").path()).expect("readable");
            let (datagrams, errors, skipped) = read_all(Capture::of(&bytes));
            assert!(errors.is_empty(), "{version}: {errors:?}");
            udp += datagrams.len();
            others += usize::from(skipped.not_udp > 0);
        }
    }
    assert_eq!((udp, others), (9, 4));

    let path = testkit::data::recorded("cme-mdp3/Cme.Mdp3.Sbe.v9.1.Example.pcap").expect("beside the other");
    let bytes = std::fs::read(path).expect("just found");
    let (datagrams, errors, skipped) = read_all(Capture::of(&bytes));
    // 100 packets, of which one is a router's (PIM to 224.0.0.13).
    assert_eq!((datagrams.len(), errors.len(), skipped.not_udp), (99, 0, 1));
}
