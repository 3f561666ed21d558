//! Multicast on the loopback interface: what is sent is received, byte for byte.

#![cfg(target_os = "linux")]

use net::capture::{Capture, Endpoint};
use net::multicast::{Batch, Clock, Config, Join, MulticastError, Receiver, Stamp, Wait};
use socket2::{Domain, Socket, Type};
use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, UdpSocket};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const LOOPBACK: Ipv4Addr = Ipv4Addr::LOCALHOST;

/// A socket that sends to groups on the loopback interface.
fn sender() -> UdpSocket {
    let socket = Socket::new(Domain::IPV4, Type::DGRAM, None).expect("a socket");
    socket.set_multicast_if_v4(&LOOPBACK).expect("loopback");
    socket.set_multicast_loop_v4(true).expect("looped");
    socket.bind(&SocketAddrV4::new(LOOPBACK, 0).into()).expect("bound");
    socket.into()
}

fn group(last: u8, port: u16) -> Endpoint {
    Endpoint { ip: [239, 255, 71, last], port }
}

fn config(groups: &[Endpoint]) -> Config {
    let mut config = Config::new(groups.iter().map(|group| Join::any_source(*group)).collect());
    config.interface = Some("127.0.0.1".into());
    config.wait = Wait::Sleep(Duration::from_secs(5));
    config
}

/// The receiver, or `None` (said on stderr) where the kernel does not loop multicast.
fn receiver(config: &Config) -> Option<Receiver> {
    let mut receiver = match Receiver::new(config) {
        Ok(receiver) => receiver,
        Err(error @ (MulticastError::Join { .. } | MulticastError::Interface { .. })) => {
            let _ = writeln!(std::io::stderr(), "SKIPPED: no multicast on loopback here: {error}");
            return None;
        }
        Err(error) => panic!("{error}"),
    };
    let mut batch = Batch::new(config);
    sender().send_to(b"?", SocketAddr::from(config.lines[0].group)).expect("sent");
    if receiver.poll(&mut batch).expect("polled") == 0 {
        let _ = writeln!(std::io::stderr(), "SKIPPED: the kernel does not loop multicast here");
        return None;
    }
    Some(receiver)
}

fn now_nanos() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    i64::try_from(since.as_nanos()).expect("before 2262")
}

/// The ways to receive.
fn ways() -> Vec<(&'static str, bool, bool)> {
    vec![("asleep", false, false), ("spinning", true, false), ("recvmmsg", false, true), ("both", true, true)]
}

#[test]
fn a_recorded_capture_is_received_byte_for_byte_in_every_way() {
    let Some(path) = testkit::data::recorded("cme-mdp3/Cme.Mdp3.Sbe.v6.1.pcapng") else { return };
    let file = std::fs::read(path).expect("just found");
    for (row, (name, spin, batched)) in ways().into_iter().enumerate() {
        let row = u8::try_from(row).expect("four");
        // Both lines on one port: the address alone tells them apart.
        let lines = [group(10 + row, 24_100 + u16::from(row)), group(20 + row, 24_100 + u16::from(row))];
        let mut config = config(&lines);
        config.batched = batched;
        if spin {
            config.wait = Wait::Spin(Duration::from_secs(5));
        }
        let Some(mut receiver) = receiver(&config) else { return };
        let sender = sender();
        let from = sender.local_addr().expect("bound");
        let mut capture = Capture::of(&file);
        let mut batch = Batch::new(&config);
        let (mut total, mut done) = (0, false);
        while !done {
            // As many as certainly fit the socket's buffer, then all of them back.
            let mut sent = Vec::new();
            let before = now_nanos();
            while sent.len() < 500 {
                let Some(datagram) = capture.next().expect("whole") else {
                    done = true;
                    break;
                };
                let line = usize::from(datagram.destination.ip[2] == 32);
                sender.send_to(datagram.payload, SocketAddr::from(lines[line])).expect("sent");
                sent.push((line, datagram.payload.to_vec()));
            }
            let mut received = Vec::new();
            while received.len() < sent.len() {
                assert!(receiver.poll(&mut batch).expect("polled") > 0, "{name}: {} of 500", received.len());
                for packet in batch.packets() {
                    assert_eq!(packet.destination, lines[packet.line], "{name}");
                    assert_eq!(SocketAddr::from(packet.source), from, "{name}");
                    assert_eq!((packet.stamp, packet.lost_before), (Stamp::Kernel, 0), "{name}");
                    assert!(packet.received_at.0 >= before && packet.received_at.0 <= now_nanos(), "{name}");
                    received.push((packet.line, packet.payload.to_vec()));
                }
            }
            assert!(received == sent, "{name}: payloads differ");
            total += received.len();
        }
        assert_eq!(total, 10_000, "{name}");
        let counts = receiver.counts();
        // One more asked whether there is multicast at all.
        assert_eq!((counts.packets, counts.lost, counts.too_long), (10_001, 0, 0), "{name}");
    }
}

#[test]
fn f_24_what_the_kernel_drops_is_counted_and_told_at_the_next_packet() {
    for (row, (name, spin, batched)) in ways().into_iter().enumerate() {
        let line = group(30, 24_200 + u16::try_from(row).expect("four"));
        let mut config = config(&[line]);
        config.batched = batched;
        config.buffer_bytes = 20_000;
        if spin {
            config.wait = Wait::Spin(Duration::from_millis(200));
        } else {
            config.wait = Wait::Sleep(Duration::from_millis(200));
        }
        let Some(mut receiver) = receiver(&config) else { return };
        let (sender, mut batch) = (sender(), Batch::new(&config));
        // Far more than the buffer holds; then, the buffer empty again, a last one that tells. Twice, for the
        // count of the socket goes on where the first round left it.
        for round in 0..2 {
            let mut seen = 0;
            let mut told = 0;
            for _ in 0..1_000 {
                sender.send_to(&[0; 1_000], SocketAddr::from(line)).expect("sent");
            }
            while receiver.poll(&mut batch).expect("polled") > 0 {
                seen += batch.len();
                told += batch.packets().map(|packet| packet.lost_before).sum::<u32>();
            }
            assert!(seen > 0 && seen < 1_000, "{name}: {seen}");
            let lost = u32::try_from(1_000 - seen).expect("some");
            assert_eq!(
                receiver.dropped().expect("a table"),
                u64::from(lost) + receiver.counts().lost - u64::from(told),
                "{name} {round}"
            );
            sender.send_to(b"last", SocketAddr::from(line)).expect("sent");
            assert_eq!(receiver.poll(&mut batch).expect("polled"), 1, "{name}");
            told += batch.packets().map(|packet| packet.lost_before).sum::<u32>();
            assert_eq!(told, lost, "{name} round {round}");
        }
        assert_eq!(receiver.counts().lost, receiver.dropped().expect("a table"), "{name}");
    }
}

#[test]
fn a_datagram_longer_than_the_slots_is_counted_and_not_given() {
    for batched in [false, true] {
        let line = group(40, 24_300 + u16::from(batched));
        let mut config = config(&[line]);
        (config.payload_max, config.batched) = (100, batched);
        let Some(mut receiver) = receiver(&config) else { return };
        let (sender, mut batch) = (sender(), Batch::new(&config));
        for length in [100, 101, 99] {
            sender.send_to(&vec![7; length], SocketAddr::from(line)).expect("sent");
        }
        let mut lengths = Vec::new();
        while lengths.len() < 2 {
            receiver.poll(&mut batch).expect("polled");
            lengths.extend(batch.packets().map(|packet| packet.payload.len()));
        }
        assert_eq!((lengths, receiver.counts().too_long), (vec![100, 99], 1));
    }
}

#[test]
fn only_joined_groups_and_sources_are_heard() {
    let (line, other, foreign) = (group(50, 24_400), group(51, 24_400), group(52, 24_400));
    let mut config = config(&[line]);
    config.wait = Wait::Sleep(Duration::from_millis(100));
    let Some(mut receiver) = receiver(&config) else { return };
    let (sender, mut batch) = (sender(), Batch::new(&config));
    let mut heard = |receiver: &mut Receiver| {
        for group in [line, other, foreign] {
            sender.send_to(&group.ip[3..], SocketAddr::from(group)).expect("sent");
        }
        let mut heard = Vec::new();
        while receiver.poll(&mut batch).expect("polled") > 0 {
            heard.extend(batch.packets().map(|packet| packet.payload[0]));
        }
        heard
    };
    assert_eq!(heard(&mut receiver), [50]);
    let second = receiver.join(Join::any_source(other)).expect("joined");
    assert_eq!(heard(&mut receiver), [50, 51]);
    receiver.leave(second).expect("left");
    receiver.leave(second).expect("leaving twice is no error");
    assert_eq!(heard(&mut receiver), [50]);
    // Of one source: ours, and another that does not send.
    receiver.join(Join { group: other, source: Some(LOOPBACK) }).expect("joined");
    receiver.join(Join { group: foreign, source: Some(Ipv4Addr::new(127, 0, 0, 9)) }).expect("joined");
    assert_eq!(heard(&mut receiver), [50, 51]);
}

#[test]
fn each_clock_says_whose_it_is() {
    for (row, clock, batched) in [
        (0, Clock::Kernel, false),
        (1, Clock::Return, false),
        (2, Clock::Hardware, false),
        (3, Clock::Return, true),
        (4, Clock::Hardware, true),
    ] {
        let line = group(60, 24_500 + row);
        let mut config = config(&[line]);
        (config.clock, config.batched) = (clock, batched);
        let Some(mut receiver) = receiver(&config) else { return };
        let mut batch = Batch::new(&config);
        let before = now_nanos();
        sender().send_to(b"x", SocketAddr::from(line)).expect("sent");
        assert_eq!(receiver.poll(&mut batch).expect("polled"), 1);
        let packet = batch.packets().next().expect("one");
        // Loopback has no card: where hardware is asked for, the kernel answers.
        let due = if clock == Clock::Return { Stamp::Return } else { Stamp::Kernel };
        assert_eq!(packet.stamp, due, "{clock:?}");
        assert!(packet.received_at.0 >= before && packet.received_at.0 <= now_nanos(), "{clock:?}");
    }
}

#[test]
fn more_groups_on_a_port_than_one_socket_may_join_are_spread() {
    let lines: Vec<Endpoint> = (0..45).map(|n| group(100 + n, 24_600)).collect();
    let config = config(&lines);
    let Some(mut receiver) = receiver(&config) else { return };
    let (sender, mut batch) = (sender(), Batch::new(&config));
    for line in &lines {
        sender.send_to(&line.ip[3..], SocketAddr::from(*line)).expect("sent");
    }
    let mut heard = Vec::new();
    while heard.len() < 45 {
        assert!(receiver.poll(&mut batch).expect("polled") > 0, "{heard:?}");
        heard.extend(batch.packets().map(|packet| (packet.line, packet.payload[0])));
    }
    heard.sort_unstable();
    let due: Vec<(usize, u8)> = (0..45).map(|n| (usize::from(n), 100 + n)).collect();
    assert_eq!(heard, due);
}

#[test]
fn what_cannot_be_joined_is_said() {
    let mut wrong = config(&[group(1, 24_700)]);
    wrong.interface = Some("no-such-card".into());
    let error = Receiver::new(&wrong).expect_err("there is none").to_string();
    assert!(error.contains("no interface `no-such-card`") && error.contains("lo (127.0.0.1)"), "{error}");
    let error = Receiver::new(&config(&[Endpoint { ip: [10, 0, 0, 1], port: 24_701 }]));
    let error = error.expect_err("it is no group").to_string();
    assert!(error.contains("10.0.0.1:24701 is no multicast group"), "{error}");
}
