//! TCP in order, whatever order it was captured in.

mod made;

use made::{Frame, pcap_of};
use net::capture::{Capture, Content, Flow, Piece, Streams};
use stdx::Prng;

/// What the streams of a capture say, written down: `O` opened, `M3` three missing, `C` closed, else the bytes.
fn said(frames: Vec<Vec<u8>>) -> String {
    let file = pcap_of(frames.into_iter().map(|frame| (1, frame)));
    let (mut capture, mut streams) = (Capture::of(&file), Streams::new());
    let mut text = String::new();
    let mut each = |_: Flow, piece: Piece<'_>| match piece {
        Piece::Opened => text.push('O'),
        Piece::Bytes(bytes) => text.push_str(std::str::from_utf8(bytes).expect("letters")),
        Piece::Missing(count) => text.push_str(&format!("M{count}")),
        Piece::Closed => text.push('C'),
    };
    while let Some(packet) = capture.next_packet().expect("whole") {
        let Content::Segment(segment) = packet.content else { panic!("all are TCP") };
        let flow = Flow { source: packet.source, destination: packet.destination };
        streams.segment(flow, &segment, &mut each);
    }
    streams.finish(&mut each);
    text
}

fn segment(sequence: u32, payload: &str) -> Vec<u8> {
    Frame::tcp(sequence, false, false, payload.as_bytes()).bytes
}

#[test]
fn segments_come_out_in_order_and_once() {
    let syn = || Frame::tcp(99, true, false, b"").bytes;
    let fin = |at| Frame::tcp(at, false, true, b"").bytes;
    let cases: [(&str, Vec<Vec<u8>>); 10] = [
        ("OabcdefC", vec![syn(), segment(100, "abc"), segment(103, "def"), fin(106)]),
        ("Oabcdef", vec![syn(), segment(103, "def"), segment(100, "abc")]),
        ("Oabcdef", vec![syn(), segment(100, "abc"), segment(100, "abc"), segment(103, "def")]),
        ("Oabcdef", vec![syn(), segment(100, "abcd"), segment(102, "cdef")]),
        ("Oabcdef", vec![syn(), segment(103, "d"), segment(103, "def"), segment(100, "abcd")]),
        ("OM3def", vec![syn(), segment(103, "def")]),
        ("OabcM2fM1h", vec![syn(), segment(107, "h"), segment(105, "f"), segment(100, "abc")]),
        ("OabcC", vec![syn(), fin(103), segment(100, "abc")]),
        ("Oabc", vec![syn(), segment(100, "abc"), syn(), segment(99, "x")]),
        // From the middle of a connection; over the end of the numbers.
        ("abcdef", vec![segment(u32::MAX - 1, "abc"), segment(1, "def")]),
    ];
    for (due, frames) in cases {
        assert_eq!(said(frames), due);
    }
}

#[test]
fn a_new_connection_of_the_same_ports_starts_anew() {
    let syn = |at| Frame::tcp(at, true, false, b"").bytes;
    let frames =
        vec![syn(99), segment(100, "abc"), segment(105, "x"), syn(5_000_000), segment(5_000_001, "new")];
    assert_eq!(said(frames), "OabcM2xOnew");
}

#[test]
fn f_24_a_missing_segment_is_given_up_when_too_much_waits() {
    let mut frames = vec![segment(0, "a")];
    frames.extend((0..257).map(|at| segment(10 + at, "z")));
    assert_eq!(said(frames), format!("aM9{}", "z".repeat(257)));
}

#[test]
fn random_cuts_orders_and_copies_give_the_stream() {
    let seed = 3;
    println!("seed {seed}");
    let mut prng = Prng::new(seed);
    let below = |prng: &mut Prng, n: usize| usize::try_from(prng.below(n as u64)).expect("small");
    for round in 0..500 {
        let text: String = (0..200).map(|at| char::from(b'a' + at % 26)).collect();
        let start = u32::try_from(prng.below(1 << 32)).expect("32 bits");
        let mut frames = Vec::new();
        let mut at = 0;
        while at < text.len() {
            let length = (1 + below(&mut prng, 20)).min(text.len() - at);
            // Some repeat what came before.
            let back = below(&mut prng, 5).min(at);
            let sequence = start.wrapping_add(u32::try_from(at - back).expect("small"));
            frames.push(segment(sequence, &text[at - back..at + length]));
            at += length;
        }
        for row in (1..frames.len()).rev() {
            let other = row - below(&mut prng, 4).min(row);
            frames.swap(row, other);
        }
        frames.insert(0, Frame::tcp(start.wrapping_sub(1), true, false, b"").bytes);
        assert_eq!(said(frames), format!("O{text}"), "round {round}");
    }
}
