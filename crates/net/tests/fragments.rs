//! Packets in parts: whole again in any order, and never wrong.

mod made;

use made::{Frame, cut, pcap_of, read_all};
use net::capture::{Capture, Skipped};
use stdx::Prng;

/// Eight bytes of UDP header and 1,000 of payload, in parts of 400.
const SIZE: usize = 1_000;

fn payload() -> Vec<u8> {
    (0..SIZE).map(|at| u8::try_from(at % 251).expect("small")).collect()
}

fn parts(v6: bool) -> Vec<Vec<u8>> {
    let frame = if v6 { Frame::v6(&payload()) } else { Frame::v4(&payload()) };
    cut(&frame, 400, 7)
}

/// Frames a second apart.
fn read(frames: &[Vec<u8>]) -> (Vec<Vec<u8>>, Skipped, usize) {
    let file = pcap_of(frames.iter().zip(1_u32..).map(|(frame, second)| (second, frame.clone())));
    let (packets, errors, skipped) = read_all(Capture::of(&file));
    (packets, skipped, errors)
}

#[test]
fn parts_in_any_order_make_the_packet() {
    for v6 in [false, true] {
        let parts = parts(v6);
        assert_eq!(parts.len(), 3);
        for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            let frames: Vec<Vec<u8>> = order.iter().map(|at| parts[*at].clone()).collect();
            let (packets, skipped, errors) = read(&frames);
            assert_eq!((packets, skipped, errors), (vec![payload()], Skipped::default(), 0), "{order:?}");
        }
    }
}

#[test]
fn the_time_is_that_of_the_part_that_completed_it() {
    let parts = parts(false);
    let file = pcap_of([(5, parts[2].clone()), (9, parts[0].clone()), (30, parts[1].clone())]);
    let datagram_at = Capture::of(&file).next().expect("readable").expect("one").received_at;
    assert_eq!(datagram_at.0, 30_000_000_000);
}

#[test]
fn two_packets_may_come_in_each_others_midst() {
    let (a, b) = (payload(), payload().into_iter().rev().collect::<Vec<u8>>());
    let [a_parts, b_parts] = [(&a, 1), (&b, 2)].map(|(payload, id)| cut(&Frame::v4(payload), 400, id));
    let frames: Vec<Vec<u8>> =
        a_parts.iter().zip(&b_parts).flat_map(|(a, b)| [a.clone(), b.clone()]).collect();
    assert_eq!(read(&frames), (vec![a, b], Skipped::default(), 0));
}

#[test]
fn what_is_missing_is_counted_and_never_given() {
    for v6 in [false, true] {
        let parts = parts(v6);
        for missing in 0..3 {
            let frames: Vec<Vec<u8>> =
                parts.iter().enumerate().filter(|(at, _)| *at != missing).map(|(_, p)| p.clone()).collect();
            let (packets, skipped, errors) = read(&frames);
            let due = Skipped { fragments: 2, incomplete: 1, ..Skipped::default() };
            assert_eq!((packets.len(), skipped, errors), (0, due, 0), "without {missing}");
        }
    }
}

#[test]
fn a_part_that_comes_twice_is_passed_over() {
    let parts = parts(false);
    for twice in 0..3 {
        // First, so that the packet is not whole before the second copy comes.
        let mut frames = vec![parts[twice].clone(); 2];
        frames.extend((0..3).filter(|at| *at != twice).map(|at| parts[at].clone()));
        let (packets, skipped, errors) = read(&frames);
        let due = Skipped { fragments_again: 1, ..Skipped::default() };
        assert_eq!((skipped, errors), (due, 0), "{twice} twice");
        assert!(packets == [payload()], "{twice} twice");
    }
}

#[test]
fn parts_that_contradict_give_the_packet_up() {
    let parts = parts(false);
    // The middle part with other bytes; shifted by eight bytes over its neighbour; an end behind the end.
    let mut other = parts[1].clone();
    let last = other.len() - 1;
    other[last] ^= 1;
    let mut shifted = parts[1].clone();
    let offset = u16::from_be_bytes([shifted[20], shifted[21]]) - 1;
    shifted[20..22].copy_from_slice(&offset.to_be_bytes());
    let mut behind = parts[1].clone();
    let offset = u16::from_be_bytes([behind[20], behind[21]]) + 100;
    behind[20..22].copy_from_slice(&offset.to_be_bytes());
    let cases = [
        vec![&parts[0], &parts[1], &other, &parts[2]],
        vec![&parts[0], &other, &parts[1], &parts[2]],
        vec![&parts[0], &shifted, &parts[2], &parts[1]],
        vec![&parts[2], &behind, &parts[0], &parts[1]],
        vec![&behind, &parts[2], &parts[0], &parts[1]],
    ];
    for (case, frames) in cases.into_iter().enumerate() {
        let frames: Vec<Vec<u8>> = frames.into_iter().cloned().collect();
        let (packets, skipped, errors) = read(&frames);
        let due = Skipped { fragments: 4, contradicted: 1, ..Skipped::default() };
        assert_eq!((packets.len(), skipped, errors), (0, due, 0), "case {case}");
    }
}

#[test]
fn impossible_parts_are_damage() {
    let parts = parts(false);
    // A part in the middle that is no multiple of eight bytes; one that ends behind the longest packet.
    let mut odd = parts[0].clone();
    odd.pop();
    let length = u16::from_be_bytes([odd[16], odd[17]]) - 1;
    odd[16..18].copy_from_slice(&length.to_be_bytes());
    let mut far = parts[2].clone();
    far[20..22].copy_from_slice(&8_180_u16.to_be_bytes());
    let (packets, skipped, errors) = read(&[odd, far]);
    assert_eq!((packets.len(), skipped, errors), (0, Skipped::default(), 2));
}

#[test]
fn a_part_that_was_cut_when_captured_is_no_part() {
    let parts = parts(false);
    let mut file = pcap_of([(1, parts[0].clone()), (2, parts[1][..100].to_vec()), (3, parts[2].clone())]);
    let second = 24 + 16 + parts[0].len();
    let length = u32::try_from(parts[1].len()).expect("small");
    file[second + 12..second + 16].copy_from_slice(&length.to_le_bytes());
    let (packets, errors, skipped) = read_all(Capture::of(&file));
    let due = Skipped { fragments: 2, incomplete: 1, ..Skipped::default() };
    assert_eq!((packets.len(), errors, skipped), (0, 1, due));
}

#[test]
fn old_parts_do_not_meet_new_ones() {
    let parts = parts(false);
    let times = |gap: u32| [(1, parts[0].clone()), (2, parts[1].clone()), (1 + gap, parts[2].clone())];
    let (packets, _, _) = read_all(Capture::of(&pcap_of(times(30))));
    assert_eq!(packets, [payload()]);
    let (packets, _, skipped) = read_all(Capture::of(&pcap_of(times(31))));
    let due = Skipped { fragments: 3, incomplete: 2, ..Skipped::default() };
    assert_eq!((packets.len(), skipped), (0, due));
}

#[test]
fn f_24_what_waits_is_bounded_and_the_oldest_goes() {
    // 1,000 packets of which the last part never comes, then the last part of each: only those that still wait
    // can be whole.
    let all: Vec<Vec<Vec<u8>>> = (0..1_000).map(|id| cut(&Frame::v4(&payload()), 400, id)).collect();
    let mut frames = Vec::new();
    for parts in &all {
        frames.extend(parts[..2].iter().cloned());
    }
    frames.extend(all.iter().map(|parts| parts[2].clone()));
    let file = pcap_of(frames.into_iter().map(|frame| (1, frame)));
    let (packets, errors, skipped) = read_all(Capture::of(&file));
    // The newest 64 wait; the last parts of the others push those out, one by one, before their own last parts come.
    assert_eq!((packets.len(), errors), (0, 0));
    assert_eq!((skipped.fragments, skipped.incomplete), (3_000, 2_000));
    // In the order of the newest first they are whole.
    let mut frames: Vec<Vec<u8>> = all.iter().flat_map(|parts| parts[..2].to_vec()).collect();
    frames.extend(all.iter().rev().map(|parts| parts[2].clone()));
    let file = pcap_of(frames.into_iter().map(|frame| (1, frame)));
    let (packets, _, skipped) = read_all(Capture::of(&file));
    assert_eq!((packets.len(), skipped.fragments), (64, 3_000 - 3 * 64));
}

#[test]
fn random_parts_shuffled_doubled_and_lost_give_the_packet_or_nothing() {
    let seed = 20_161_113;
    println!("seed {seed}");
    let mut prng = Prng::new(seed);
    let (mut whole, mut nothing) = (0, 0);
    for round in 0..2_000 {
        let size = usize::try_from(prng.below(3_000)).expect("small");
        let bytes: Vec<u8> = (0..size).map(|_| u8::try_from(prng.below(256)).expect("a byte")).collect();
        let frame = if prng.chance(0.5) { Frame::v6(&bytes) } else { Frame::v4(&bytes) };
        let step = 8 * (1 + usize::try_from(prng.below(100)).expect("small"));
        let mut frames = cut(&frame, step, round);
        let lost = prng.chance(0.3) && frames.len() > 1;
        if lost {
            frames.remove(usize::try_from(prng.below(frames.len() as u64)).expect("a row"));
        }
        for row in (1..frames.len()).rev() {
            frames.swap(row, usize::try_from(prng.below(row as u64 + 1)).expect("a row"));
        }
        if prng.chance(0.3) {
            // A second copy at the front: before the packet can be whole, unless it is the only part.
            let copy = frames[frames.len() - 1].clone();
            if frames.len() > 1 {
                frames.insert(0, copy);
            }
        }
        let file = pcap_of(frames.into_iter().map(|frame| (1, frame)));
        let (packets, errors, skipped) = read_all(Capture::of(&file));
        assert_eq!(errors, 0, "round {round}");
        if lost {
            assert_eq!((packets.len(), skipped.incomplete), (0, 1), "round {round}");
            nothing += 1;
        } else {
            assert!(packets == [bytes], "round {round}: {skipped:?}");
            whole += 1;
        }
    }
    assert!(whole > 1_000 && nothing > 300, "{whole} {nothing}");
}
