//! SoupBinTCP: both ends of a session, every way a stream can be cut, and what a broken connection leaves.

use types::Nanos;
use venues::nasdaq::itch::{Timestamp, make, pad};
use venues::nasdaq::soup::{
    Alive, Broken, Client, FromClient, FromServer, HEARTBEAT, Heard, Login, Read, Refusal, SILENCE_MAX,
    Server, State,
};
use venues::{Directory, Output};

const SESSION: [u8; 10] = *b"  20230822";

fn login(sequence: u64) -> Login {
    Login { username: *b"quoin ", password: *b"secret    ", session: [b' '; 10], sequence }
}

/// What a client hears, without the borrowed bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Note {
    Accepted(u64, bool),
    Missing(u64, u64),
    Refused(Refusal),
    Message(u64, Vec<u8>),
    Repeated(u64),
    Unsequenced(Vec<u8>),
    Debug(Vec<u8>),
    Heartbeat,
    Ended,
}

impl From<Heard<'_>> for Note {
    fn from(heard: Heard<'_>) -> Self {
        match heard {
            Heard::Accepted { sequence, is_new, .. } => Self::Accepted(sequence, is_new),
            Heard::Missing { expected, received } => Self::Missing(expected, received),
            Heard::Refused(refusal) => Self::Refused(refusal),
            Heard::Message { sequence, bytes } => Self::Message(sequence, bytes.to_vec()),
            Heard::Repeated { sequence } => Self::Repeated(sequence),
            Heard::Unsequenced(bytes) => Self::Unsequenced(bytes.to_vec()),
            Heard::Debug(text) => Self::Debug(text.to_vec()),
            Heard::Heartbeat => Self::Heartbeat,
            Heard::Ended => Self::Ended,
        }
    }
}

/// Gives a client a stream in pieces, as a socket would.
fn hear(client: &mut Client, pieces: &[&[u8]]) -> Result<Vec<Note>, Broken> {
    let (mut notes, mut window) = (Vec::new(), Vec::new());
    for piece in pieces {
        window.extend_from_slice(piece);
        while let Some((taken, heard)) = client.read(Nanos(1), &window)? {
            notes.push(heard.into());
            window.drain(..taken);
        }
    }
    Ok(notes)
}

fn stream(packets: &[FromServer<'_>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    packets.iter().for_each(|packet| packet.write(&mut bytes));
    bytes
}

/// A session with every packet a server sends.
fn session() -> Vec<u8> {
    stream(&[
        FromServer::Debug(b"hello"),
        FromServer::LoginAccepted { session: SESSION, sequence: 5 },
        FromServer::Sequenced(b"five"),
        FromServer::Heartbeat,
        FromServer::Sequenced(b""),
        FromServer::Unsequenced(b"aside"),
        FromServer::Sequenced(b"seven"),
        FromServer::EndOfSession,
    ])
}

fn expected() -> Vec<Note> {
    vec![
        Note::Debug(b"hello".to_vec()),
        Note::Accepted(5, false),
        Note::Message(5, b"five".to_vec()),
        Note::Heartbeat,
        Note::Message(6, Vec::new()),
        Note::Unsequenced(b"aside".to_vec()),
        Note::Message(7, b"seven".to_vec()),
        Note::Ended,
    ]
}

#[test]
fn packets_lie_as_the_specification_draws_them() {
    let mut bytes = Vec::new();
    FromClient::LoginRequest(Login { session: SESSION, ..login(42) }).write(&mut bytes);
    assert_eq!(bytes, b"\0\x2fLquoin secret      20230822                  42");
    assert_eq!(
        stream(&[FromServer::LoginAccepted { session: SESSION, sequence: 1 }]),
        b"\0\x1fA  20230822                   1"
    );
    assert_eq!(stream(&[FromServer::LoginRejected(Refusal::NotAuthorized)]), b"\0\x02JA");
    assert_eq!(stream(&[FromServer::Heartbeat, FromServer::EndOfSession]), b"\0\x01H\0\x01Z");
    let both: [(FromClient<'_>, &[u8]); 4] = [
        (FromClient::Heartbeat, b"\0\x01R"),
        (FromClient::LogoutRequest, b"\0\x01O"),
        (FromClient::Unsequenced(b"ab"), b"\0\x03Uab"),
        (FromClient::Debug(b"?"), b"\0\x02+?"),
    ];
    for (packet, expected) in both {
        bytes.clear();
        packet.write(&mut bytes);
        assert_eq!(bytes, expected);
        assert_eq!(FromClient::read(&bytes), Read::Packet(packet, bytes.len()));
    }
}

#[test]
fn f_08_a_stream_split_at_any_two_places_is_the_same_stream() {
    let bytes = session();
    for first in 0..=bytes.len() {
        for second in first..=bytes.len() {
            let mut client = Client::new(login(5));
            client.connected(Nanos(0), &mut Vec::new());
            let pieces = [&bytes[..first], &bytes[first..second], &bytes[second..]];
            assert_eq!(hear(&mut client, &pieces), Ok(expected()), "split at {first} and {second}");
            assert_eq!((client.next_sequence(), client.state()), (8, State::Ended));
        }
    }
    let mut client = Client::new(login(5));
    client.connected(Nanos(0), &mut Vec::new());
    let bytewise: Vec<&[u8]> = bytes.chunks(1).collect();
    assert_eq!(hear(&mut client, &bytewise), Ok(expected()));
}

#[test]
fn a_connection_cut_at_any_byte_goes_on_from_the_next_message() {
    let messages: Vec<Vec<u8>> = (1..=20_u8).map(|n| vec![n; usize::from(n)]).collect();
    let numbered = |from: u64| {
        let first = FromServer::LoginAccepted { session: SESSION, sequence: from };
        let rest = messages.iter().skip(usize::try_from(from - 1).expect("small"));
        let packets: Vec<_> = std::iter::once(first).chain(rest.map(|m| FromServer::Sequenced(m))).collect();
        stream(&packets)
    };
    for cut in 0..numbered(1).len() {
        let mut client = Client::new(login(1));
        let mut sent = Vec::new();
        client.connected(Nanos(0), &mut sent);
        let mut heard = hear(&mut client, &[&numbered(1)[..cut]]).expect("sound");
        client.disconnected();
        sent.clear();
        client.connected(Nanos(0), &mut sent);
        let Read::Packet(FromClient::LoginRequest(again), _) = FromClient::read(&sent) else {
            panic!("a login was sent");
        };
        assert_eq!(again.sequence, client.next_sequence());
        // Once it was let in, it asks for the same session again.
        assert_eq!(again.session == SESSION, heard.contains(&Note::Accepted(1, false)), "cut at {cut}");
        heard.extend(hear(&mut client, &[&numbered(again.sequence)]).expect("sound"));
        heard.retain(|note| !matches!(note, Note::Accepted(..)));
        let all: Vec<Note> = (1..).zip(&messages).map(|(n, m)| Note::Message(n, m.clone())).collect();
        assert_eq!(heard, all, "cut at {cut}");
    }
}

#[test]
fn an_answer_from_elsewhere_than_asked_is_told() {
    // Asked for, answered with, and what is heard of two messages that follow.
    let cases = [
        (5, 5, vec![Note::Accepted(5, false), Note::Message(5, vec![1]), Note::Message(6, vec![2])]),
        (
            5,
            7,
            vec![
                Note::Accepted(7, false),
                Note::Missing(5, 7),
                Note::Message(7, vec![1]),
                Note::Message(8, vec![2]),
            ],
        ),
        (5, 4, vec![Note::Accepted(4, false), Note::Repeated(4), Note::Message(5, vec![2])]),
        (0, 9, vec![Note::Accepted(9, false), Note::Message(9, vec![1]), Note::Message(10, vec![2])]),
    ];
    for (asked, sequence, expected) in cases {
        let mut client = Client::new(login(asked));
        client.connected(Nanos(0), &mut Vec::new());
        let bytes = stream(&[
            FromServer::LoginAccepted { session: SESSION, sequence },
            FromServer::Sequenced(&[1]),
            FromServer::Sequenced(&[2]),
        ]);
        assert_eq!(hear(&mut client, &[&bytes]), Ok(expected), "asked for {asked}");
    }
}

#[test]
fn f_09_another_session_starts_its_numbers_anew() {
    let mut client = Client::new(login(1));
    let first = stream(&[
        FromServer::LoginAccepted { session: SESSION, sequence: 1 },
        FromServer::Sequenced(b"one"),
        FromServer::Sequenced(b"two"),
    ]);
    client.connected(Nanos(0), &mut Vec::new());
    hear(&mut client, &[&first]).expect("sound");
    client.disconnected();
    client.connected(Nanos(0), &mut Vec::new());
    let second = stream(&[
        FromServer::LoginAccepted { session: *b"  20230823", sequence: 1 },
        FromServer::Sequenced(b"one of another day"),
    ]);
    let heard = hear(&mut client, &[&second]);
    assert_eq!(heard, Ok(vec![Note::Accepted(1, true), Note::Message(1, b"one of another day".to_vec())]));
}

#[test]
fn a_refused_client_says_why_and_hears_nothing_more() {
    for (code, refusal) in
        [(b'A', Refusal::NotAuthorized), (b'S', Refusal::SessionNotAvailable), (b'x', Refusal::Other(b'x'))]
    {
        let mut client = Client::new(login(1));
        client.connected(Nanos(0), &mut Vec::new());
        assert_eq!(hear(&mut client, &[&[0, 2, b'J', code]]), Ok(vec![Note::Refused(refusal)]));
        assert_eq!(client.state(), State::Refused);
        assert!(hear(&mut client, &[b"\0\x01H"]).is_err());
    }
}

#[test]
fn what_no_server_says_breaks_the_connection() {
    let cases: [&[u8]; 9] = [
        b"\0\0",
        b"\0\x01?",
        b"\0\x02Hx",
        b"\0\x01J",
        b"\0\x05Sfour",
        b"\0\x1fA  20230822                  1x",
        b"\0\x1fA  20230822                    ",
        b"\0\x1fA  2023082299999999999999999999",
        b"\0\x05A1234",
    ];
    for bytes in cases {
        let mut client = Client::new(login(1));
        client.connected(Nanos(0), &mut Vec::new());
        assert!(hear(&mut client, &[bytes]).is_err(), "{}", bytes.escape_ascii());
    }
}

#[test]
fn f_22_each_side_speaks_every_second_and_gives_up_after_fifteen() {
    let (mut client, mut out) = (Client::new(login(1)), Vec::new());
    client.connected(Nanos(0), &mut out);
    out.clear();
    assert_eq!(client.poll(Nanos(HEARTBEAT.0 - 1), &mut out), Alive::Until(HEARTBEAT));
    assert_eq!(out, b"");
    assert_eq!(client.poll(HEARTBEAT, &mut out), Alive::Until(HEARTBEAT + HEARTBEAT));
    assert_eq!(out, b"\0\x01R");
    // A message of ours is as good as a heartbeat.
    client.send(Nanos(HEARTBEAT.0 + 5), b"order", &mut out);
    out.clear();
    client.poll(HEARTBEAT + HEARTBEAT, &mut out);
    assert_eq!(out, b"");
    assert_eq!(client.poll(Nanos(SILENCE_MAX.0 - 1), &mut out), Alive::Until(SILENCE_MAX));
    assert_eq!(client.poll(SILENCE_MAX, &mut out), Alive::Silent);

    let mut server = Server::new(Nanos(0));
    out.clear();
    server.accept(Nanos(0), SESSION, 1, &mut out);
    out.clear();
    assert_eq!(server.poll(HEARTBEAT, &mut out), Alive::Until(HEARTBEAT + HEARTBEAT));
    assert_eq!(out, b"\0\x01H");
    assert_eq!(server.poll(SILENCE_MAX, &mut out), Alive::Silent);
}

#[test]
fn client_and_server_carry_itch_into_a_book() {
    let (mut client, mut out) = (Client::new(login(1)), Vec::new());
    client.connected(Nanos(0), &mut out);
    let mut server = Server::new(Nanos(0));
    let (taken, said) = server.read(Nanos(0), &out).expect("sound").expect("whole");
    let FromClient::LoginRequest(request) = said else { panic!("{said:?}") };
    assert_eq!((taken, request.username, request.sequence), (out.len(), *b"quoin ", 1));
    let day =
        make::SystemEvent { stock_locate: 0, tracking_number: 0, timestamp: Timestamp(1), event_code: b'O' };
    let add = make::AddOrder {
        stock_locate: 1,
        tracking_number: 0,
        timestamp: Timestamp(2),
        order_reference_number: 1,
        buy_sell_indicator: b'B',
        shares: 100,
        stock: pad("QUOIN"),
        price: venues::nasdaq::itch::Price4(100_000),
    };
    let mut wire = Vec::new();
    server.accept(Nanos(0), SESSION, request.sequence, &mut wire);
    server.say(Nanos(0), FromServer::Sequenced(&day.bytes()), &mut wire);
    server.say(Nanos(0), FromServer::Sequenced(&add.bytes()), &mut wire);
    let (mut decoder, mut directory) = (venues::nasdaq::Decoder::new(Nanos(0)), Directory::survey());
    let mut events = Output::default();
    while let Some((taken, heard)) = client.read(Nanos(9), &wire).expect("sound") {
        if let Heard::Message { bytes, .. } = heard {
            decoder.message(Some(Nanos(9)), bytes, 0, &mut directory, &mut events);
        }
        wire.drain(..taken);
    }
    let kinds: Vec<_> = events.arrivals.iter().map(|arrival| arrival.event.kind()).collect();
    // A clear, for the day is whole; closed, for no order may be entered yet; and the order all the same.
    assert_eq!((decoder.orders(), kinds, events.faults), (1, vec!["order", "status", "order"], vec![]));
}
