//! NASDAQ, in four ways by the first byte: a file of messages in pieces, messages one by one, MoldUDP64 packets with
//! time passing and requests asked for, and a SoupBinTCP stream read by both ends.
#![no_main]

use libfuzzer_sys::fuzz_target;
use quoin_fuzz::check_stream;
use types::Nanos;
use venues::nasdaq::itch::Message;
use venues::nasdaq::mold::{self, Policy, Requests};
use venues::nasdaq::soup::{Client, FromClient, Login, Server};
use venues::nasdaq::{Decoder, Framing, file};
use venues::{Directory, Output};

fuzz_target!(|bytes: &[u8]| {
    let Some((&setting, bytes)) = bytes.split_first() else { return };
    let _ = Framing::detect(bytes);
    match setting % 4 {
        0 => check_stream(|| file::Decoder::new(Some(Nanos(0))), bytes, usize::from(setting / 4) + 1),
        1 => messages(bytes),
        2 => packets(bytes, setting & 0x40 != 0),
        _ => stream(bytes),
    }
});

/// Each behind a byte of length.
fn messages(bytes: &[u8]) {
    let (mut decoder, mut directory, mut out) =
        (Decoder::new(Nanos(0)), Directory::survey(), Output::default());
    let (mut rest, mut text) = (bytes, String::new());
    while let Some((&length, behind)) = rest.split_first() {
        let (message, next) = behind.split_at(usize::from(length).min(behind.len()));
        if let Some(message) = Message::read(message) {
            text.clear();
            message.write(&mut text);
        }
        decoder.message(None, message, 0, &mut directory, &mut out);
        rest = next;
    }
    let _ = decoder.counts();
}

/// Each behind a byte of length and one of time that passed.
fn packets(bytes: &[u8], asks: bool) {
    let policy = Policy { requests: asks.then(Requests::default), from_start: asks, ..Policy::default() };
    let (mut decoder, mut directory, mut out) =
        (mold::Decoder::new(Nanos(0), policy), Directory::survey(), Output::default());
    let (mut rest, mut now) = (bytes, Nanos(0));
    while let Some(([length, later], behind)) = rest.split_first_chunk() {
        now = now + Nanos::from_millis(i64::from(*later));
        let (payload, next) = behind.split_at(usize::from(*length).min(behind.len()));
        let _ = mold::carries_itch(payload);
        decoder.packet(now, payload, (bytes.len() - behind.len()) as u64, &mut directory, &mut out);
        // Each request waits for a time-out: there are no more of them than sessions.
        for _ in 0..32 {
            if decoder.request(now, &mut directory, &mut out).is_none() {
                break;
            }
        }
        assert_eq!(decoder.request(now, &mut directory, &mut out), None, "it asks without end");
        rest = next;
    }
    decoder.finish(Nanos::MAX, &mut directory, &mut out);
    let _ = decoder.counts();
}

fn stream(bytes: &[u8]) {
    let login = Login { username: [b'u'; 6], password: [b'p'; 10], session: [b' '; 10], sequence: 1 };
    let (mut client, mut sent) = (Client::new(login), Vec::new());
    client.connected(Nanos(0), &mut sent);
    let mut rest = bytes;
    while let Ok(Some((taken, _))) = client.read(Nanos(1), rest) {
        rest = &rest[taken..];
    }
    let mut server = Server::new(Nanos(0));
    rest = bytes;
    while let Ok(Some((taken, said))) = server.read(Nanos(1), rest) {
        if let FromClient::LoginRequest(login) = said {
            server.accept(Nanos(1), login.session, login.sequence, &mut sent);
        }
        assert!(taken > 0, "a packet takes bytes");
        rest = &rest[taken..];
    }
    client.poll(Nanos::MAX, &mut sent);
    server.poll(Nanos::MAX, &mut sent);
}
