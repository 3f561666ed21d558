//! Link layers, headers and blocks one by one, and the short way against a parser by others.

mod made;

use made::{Frame, pcap_of, pcap_on, read_all};
use net::capture::{Capture, Content, Endpoint, NgWriter, Received, Skipped};
use std::net::SocketAddr;
use stdx::Prng;
use types::Nanos;

fn word(value: u32) -> [u8; 4] {
    value.to_le_bytes()
}

#[test]
fn every_link_layer_gives_the_same_packets() {
    let (four, six) = (Frame::v4(b"four"), Frame::v6(b"six"));
    let framed = |head: &[u8], frame: &Frame| [head, frame.packet()].concat();
    let cooked = |kind: [u8; 2], frame: &Frame| {
        framed(&[&[0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0][..], &kind].concat(), frame)
    };
    let cooked2 = |kind: [u8; 2], frame: &Frame| {
        framed(&[&kind[..], &[0; 6], &[0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0]].concat(), frame)
    };
    // Number, IPv4 frame, IPv6 frame. Null has its family in the writer's order, which may be either.
    let cases = [
        (1, four.bytes.clone(), six.bytes.clone()),
        (0, framed(&[2, 0, 0, 0], &four), framed(&[10, 0, 0, 0], &six)),
        (0, framed(&[0, 0, 0, 2], &four), framed(&[0, 0, 0, 30], &six)),
        (108, framed(&[0, 0, 0, 2], &four), framed(&[0, 0, 0, 24], &six)),
        (101, four.packet().to_vec(), six.packet().to_vec()),
        (12, four.packet().to_vec(), six.packet().to_vec()),
        (14, four.packet().to_vec(), six.packet().to_vec()),
        (113, cooked([8, 0], &four), cooked([0x86, 0xdd], &six)),
        (276, cooked2([8, 0], &four), cooked2([0x86, 0xdd], &six)),
        (1, vlan(&four.bytes, &[0x8100]), vlan(&six.bytes, &[0x8100])),
        (1, vlan(&four.bytes, &[0x88a8, 0x8100]), vlan(&six.bytes, &[0x9100, 0x8100])),
    ];
    for (link, v4, v6) in cases {
        let file = pcap_on(link, [(1, v4), (2, v6)]);
        let (packets, errors, skipped) = read_all(Capture::of(&file));
        assert_eq!(packets, [b"four".to_vec(), b"six".to_vec()], "link layer {link}");
        assert_eq!((errors, skipped), (0, Skipped::default()), "link layer {link}");
        let mut capture = Capture::of(&file);
        assert_eq!(capture.next().expect("readable").expect("IPv4").payload, b"four");
        assert!(capture.next().expect("readable").is_none() && capture.skipped().not_ipv4 == 1);
    }
    for (link, frame) in [(228, &four), (229, &six)] {
        let (packets, errors, _) = read_all(Capture::of(&pcap_on(link, [(1, frame.packet().to_vec())])));
        assert_eq!((packets.len(), errors), (1, 0), "link layer {link}");
    }
    let (packets, _, skipped) = read_all(Capture::of(&pcap_on(147, [(1, four.bytes)])));
    assert_eq!((packets.len(), skipped.other_links), (0, 1));
}

fn vlan(frame: &[u8], tags: &[u16]) -> Vec<u8> {
    let tags: Vec<u8> = tags.iter().flat_map(|tag| [tag.to_be_bytes(), [0, 100]].concat()).collect();
    [&frame[..12], &tags, &frame[12..]].concat()
}

#[test]
fn addresses_of_both_kinds_are_given() {
    let file = pcap_of([
        (1, Frame::v4(b"").bytes),
        (2, Frame::v6(b"").bytes),
        (3, Frame::tcp(9, true, false, b"").bytes),
    ]);
    let mut capture = Capture::of(&file);
    for (source, destination) in [
        ("10.1.2.3:40000", "224.0.31.64:14340"),
        ("[2001:db8::1]:40000", "[ff0e::31:64]:14340"),
        ("10.1.2.3:5000", "10.1.2.4:6000"),
    ] {
        let packet = capture.next_packet().expect("readable").expect("three were written");
        let address = |text: &str| text.parse::<SocketAddr>().expect("an address");
        assert_eq!((packet.source, packet.destination), (address(source), address(destination)));
    }
}

#[test]
fn headers_with_options_and_extensions_are_passed() {
    let plain = Frame::v4(b"payload").bytes;
    let mut options = plain.clone();
    options[14] = 0x47;
    options[17] += 8;
    options.splice(34..34, [1, 1, 1, 1, 1, 1, 1, 0]);
    let six = Frame::v6(b"payload").bytes;
    let mut extended = six.clone();
    // Hop-by-hop (8 bytes), then destination options (16 bytes), then UDP.
    extended[20] = 0;
    extended[19] += 24;
    extended.splice(54..54, [60, 0, 1, 4, 0, 0, 0, 0, 17, 1, 1, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    let (packets, errors, _) = read_all(Capture::of(&pcap_of([(1, options), (2, extended)])));
    assert_eq!((packets, errors), (vec![b"payload".to_vec(); 2], 0));
}

#[test]
fn lengths_that_contradict_are_damage_and_never_a_payload() {
    let plain = Frame::v4(b"payload").bytes;
    let change = |at: usize, value: u8| {
        let mut frame = plain.clone();
        frame[at] = value;
        frame
    };
    let cases = [
        ("version", change(14, 0x65)),
        ("header shorter than a header", change(14, 0x44)),
        ("header longer than the packet", change(14, 0x4f)),
        ("total shorter than the header", change(17, 19)),
        ("total longer than the frame", change(17, 36)),
        ("total that cuts the datagram", change(17, 34)),
        ("datagram longer than the packet", change(39, 16)),
        ("datagram shorter than its header", change(39, 7)),
        ("frame shorter than Ethernet", plain[..13].to_vec()),
    ];
    for (name, frame) in cases {
        let file = pcap_of([(1, frame), (2, plain.clone())]);
        let mut capture = Capture::of(&file);
        assert!(matches!(capture.next(), Err(error) if !error.is_final()), "{name}");
        assert_eq!(capture.next().expect("the next is whole").expect("two").payload, b"payload", "{name}");
    }
}

#[test]
fn the_short_way_says_what_another_parser_says() {
    let seed = 7;
    println!("seed {seed}");
    let mut prng = Prng::new(seed);
    let originals = [
        Frame::v4(b"some payload").bytes,
        vlan(&Frame::v4(b"tagged").bytes, &[0x8100]),
        vlan(&Frame::v4(b"twice").bytes, &[0x88a8, 0x8100]),
    ];
    let (mut both, mut neither) = (0, 0);
    for round in 0..30_000 {
        let mut frame = originals[round % originals.len()].clone();
        for _ in 0..prng.below(3) {
            // Behind the addresses: what matters is in the headers.
            let at = 12 + usize::try_from(prng.below(frame.len() as u64 - 12)).expect("within");
            frame[at] = u8::try_from(prng.below(256)).expect("a byte");
        }
        let ours = pcap_of([(1, frame.clone())]);
        let mut capture = Capture::of(&ours);
        let ours = capture.next().ok().flatten().map(|d| (d.source, d.destination, d.payload.to_vec()));
        let theirs = independent(&frame);
        assert_eq!(ours, theirs, "round {round}: {frame:02x?}");
        if ours.is_some() { both += 1 } else { neither += 1 }
    }
    assert!(both > 10_000 && neither > 1_000, "{both} {neither}");
}

/// The datagram of a frame as etherparse reads it.
fn independent(frame: &[u8]) -> Option<(Endpoint, Endpoint, Vec<u8>)> {
    use etherparse::{NetSlice, SlicedPacket, TransportSlice};
    let packet = SlicedPacket::from_ethernet(frame).ok()?;
    let Some(NetSlice::Ipv4(ip)) = &packet.net else { return None };
    let Some(TransportSlice::Udp(udp)) = &packet.transport else { return None };
    // It takes a length of zero for "up to the end", as IPv6 jumbograms would have it.
    if ip.is_payload_fragmented() || udp.length() == 0 {
        return None;
    }
    Some((
        Endpoint { ip: ip.header().source(), port: udp.source_port() },
        Endpoint { ip: ip.header().destination(), port: udp.destination_port() },
        udp.payload().to_vec(),
    ))
}

fn block(kind: u32, body: &[u8]) -> Vec<u8> {
    let length = word(12 + u32::try_from(body.len()).expect("small"));
    [&word(kind), &length, body, &length].concat()
}

fn section() -> Vec<u8> {
    block(0x0a0d_0d0a, &[&word(0x1a2b_3c4d)[..], &word(1), &[0xff; 8]].concat())
}

/// An Ethernet interface: nanoseconds, cut at `snap` bytes.
fn interface(snap: u32) -> Vec<u8> {
    block(1, &[&word(1)[..], &word(snap), &[9, 0, 1, 0, 9, 0, 0, 0], &[0; 4]].concat())
}

fn padded(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

#[test]
fn simple_and_old_packet_blocks_are_read() {
    let frame = Frame::v4(b"payload!").bytes;
    let length = word(u32::try_from(frame.len()).expect("small"));
    let simple = block(3, &[&length[..], &padded(&frame)].concat());
    // Interface 0, two packets dropped, then time and lengths as in the enhanced block.
    let old = block(2, &[&[0, 0, 2, 0][..], &word(0), &word(7), &length, &length, &padded(&frame)].concat());
    let file = [section(), interface(0), simple.clone(), old].concat();
    let mut capture = Capture::of(&file);
    let first = capture.next_packet().expect("readable").expect("two were written");
    assert_eq!((first.received_at, first.content), (None, Content::Datagram(b"payload!")));
    let second = capture.next_packet().expect("readable").expect("two were written");
    assert_eq!(second.received_at, Some(Nanos(7)));
    assert!(capture.next_packet().expect("readable").is_none());
    let mut capture = Capture::of(&file);
    assert_eq!(capture.next().expect("readable").expect("the one with a time").received_at, Nanos(7));
    assert!(capture.next().expect("readable").is_none() && capture.skipped().untimed == 1);
    // The interface's snap length says how much of a simple packet there is.
    let short = block(3, &[&length[..], &padded(&frame[..44])].concat());
    let file = [section(), interface(44), short, interface(0), simple].concat();
    let (packets, errors, _) = read_all(Capture::of(&file));
    assert_eq!((packets.len(), errors), (0, 2), "both were captured by the first interface, cut at 44");
}

#[test]
fn a_damaged_description_damages_its_own_packets_only() {
    let frame = Frame::v4(b"payload").bytes;
    let length = word(u32::try_from(frame.len()).expect("small"));
    let packet = |interface: u32| {
        let head = [word(interface), word(0), word(7), length, length].concat();
        block(6, &[&head[..], &padded(&frame)].concat())
    };
    // A resolution of two bytes; then the same with another number, whole.
    let broken = block(1, &[&word(1)[..], &word(0), &[9, 0, 2, 0, 9, 9, 0, 0], &[0; 4]].concat());
    let file = [section(), broken, interface(0), packet(0), packet(1), packet(2)].concat();
    let mut capture = Capture::of(&file);
    let mut said = Vec::new();
    loop {
        match capture.next() {
            Ok(Some(datagram)) => said.push(format!("{}", datagram.received_at.0)),
            Ok(None) => break,
            Err(error) => said.push(error.to_string()),
        }
    }
    assert_eq!(said.len(), 4, "{said:?}");
    assert!(said[0].contains("description cannot be read") && said[1].contains("whose description"));
    assert_eq!(said[2], "7");
    assert!(said[3].contains("was not described"));
}

#[test]
fn every_time_resolution_is_exact() {
    let frame = Frame::v4(b"").bytes;
    let length = word(u32::try_from(frame.len()).expect("small"));
    // Resolution, offset in seconds, units; nanoseconds, or none where no moment of ours is that.
    let cases: [(u8, i64, u64, Option<i64>); 9] = [
        (0, 0, 5, Some(5_000_000_000)),
        (3, 1, 5, Some(1_005_000_000)),
        (9, 0, i64::MAX.cast_unsigned(), Some(i64::MAX)),
        (12, 0, 5_999, Some(5)),
        (30, 0, u64::MAX, Some(0)),
        (127, 0, u64::MAX, Some(0)),
        (0x80 | 32, 0, 3 << 31, Some(1_500_000_000)),
        (0x80 | 127, 2, u64::MAX, Some(2_000_000_000)),
        (0, 0, 1 << 60, None),
    ];
    for (resolution, offset, units, due) in cases {
        let options =
            [&[9, 0, 1, 0, resolution, 0, 0, 0][..], &[14, 0, 8, 0], &offset.to_le_bytes(), &[0; 4]].concat();
        let interface = block(1, &[&word(1)[..], &word(0), &options].concat());
        let [high, low] = [units >> 32, units & 0xffff_ffff].map(|half| u32::try_from(half).expect("a half"));
        let head = [word(0), word(high), word(low), length, length].concat();
        let file = [section(), interface, block(6, &[&head[..], &padded(&frame)].concat())].concat();
        let found = Capture::of(&file).next().map(|d| d.expect("one").received_at.0);
        assert_eq!(found.ok(), due, "{resolution} {offset} {units}");
    }
}

#[test]
fn what_was_received_is_written_and_read_back_with_its_losses() {
    let names = ["224.0.31.1:14310".to_string(), "B".to_string()];
    let mut writer = NgWriter::new(Vec::new(), "a test", &names).expect("a vector takes all");
    let [a, b] = [([10, 0, 0, 1], 5_000), ([224, 0, 31, 1], 14_310)].map(|(ip, port)| Endpoint { ip, port });
    let packets: [(i64, u32, u64, &[u8]); 3] = [
        (1_700_000_000_123_456_789, 0, 0, b"first"),
        (1_700_000_000_123_456_790, 1, 7, b""),
        (0, 0, 0, b"four"),
    ];
    for (at, interface, lost_before, payload) in packets {
        let received = Received { at: Nanos(at), interface, source: a, destination: b, lost_before, payload };
        writer.datagram(&received).expect("a vector takes all");
    }
    writer.statistics(Nanos(5), 0, 2, 3).expect("a vector takes all");
    writer.statistics(Nanos(5), 1, 1, 7).expect("a vector takes all");
    let wrong = |at, interface| Received {
        at: Nanos(at),
        interface,
        source: a,
        destination: b,
        lost_before: 0,
        payload: b"",
    };
    assert!(writer.datagram(&wrong(1, 2)).is_err() && writer.datagram(&wrong(-1, 0)).is_err());
    let file = writer.finish().expect("a vector takes all");
    let mut capture = Capture::of(&file);
    for (at, interface, _, payload) in packets {
        let packet = capture.next_packet().expect("readable").expect("three were written");
        assert_eq!((packet.received_at, packet.interface), (Some(Nanos(at)), interface));
        assert_eq!(packet.content, Content::Datagram(payload));
        assert_eq!((packet.source, packet.destination), (a.into(), b.into()));
    }
    assert!(capture.next_packet().expect("readable").is_none());
    // Three of the first interface's statistics; seven of the second's, said twice and counted once.
    assert_eq!((capture.dropped(), capture.skipped().blocks), (10, 5));
    for cut in 0..file.len() {
        let mut capture = Capture::of(&file[..cut]);
        let mut count = 0;
        let ended = loop {
            match capture.next() {
                Ok(Some(_)) => count += 1,
                Ok(None) => break None,
                Err(error) => break Some(error),
            }
        };
        assert!(count <= 3 && ended.is_none_or(|error| error.is_final()), "cut at {cut}");
    }
}
