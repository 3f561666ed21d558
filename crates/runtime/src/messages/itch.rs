//! ITCH 5.0, out of MoldUDP64 packets and out of files.

use super::{Field, Message, Packet, Told, Word, number};
use crate::source::{Bytes, Datagrams, SourceError};
use std::io::{BufRead as _, Read as _};
use std::path::Path;
use venues::Fault;
use venues::nasdaq::Framing;
use venues::nasdaq::itch::{self, Kind};
use venues::nasdaq::mold;

/// Bytes that are looked at together: many messages, and one at least.
const WINDOW_BYTES: usize = 1 << 16;

pub(super) fn tell_packets(
    name: &str,
    bytes: Bytes,
    tell: &mut dyn FnMut(Told) -> bool,
) -> Result<(), SourceError> {
    let mut datagrams = Datagrams::new(name, bytes);
    while let Some(datagram) = datagrams.next() {
        let datagram = match datagram? {
            Ok(datagram) => datagram,
            Err(fault) => {
                if tell(Told::Fault(fault)) {
                    continue;
                }
                return Ok(());
            }
        };
        let (offset, payload) = (datagram.offset, datagram.payload);
        let packet = match mold::Packet::read(payload) {
            Ok(packet) => packet,
            Err(damage) => {
                let skipped = (payload.len() - damage.at) as u64;
                let what = format!("{}, {} bytes into the payload", damage.what, damage.at);
                if tell(Told::Fault(Fault { offset, skipped, what })) {
                    continue;
                }
                return Ok(());
            }
        };
        for (sequence, (_, bytes)) in (packet.header.sequence..).zip(packet.messages()) {
            let about = Packet {
                sequence,
                line: datagram.destination.to_string(),
                received_at: datagram.received_at,
                sent_at: None,
                session: Some(packet.header.session.escape_ascii().to_string()),
            };
            if !tell(Told::Message(message(bytes, offset, Some(about)))) {
                return Ok(());
            }
        }
    }
    Ok(())
}

pub(super) fn tell_file(
    name: &str,
    mut bytes: Bytes,
    framing: Framing,
    tell: &mut dyn FnMut(Told) -> bool,
) -> Result<(), SourceError> {
    let (mut window, mut offset, mut ended) = (Vec::new(), 0_u64, false);
    while !ended || !window.is_empty() {
        let room = WINDOW_BYTES.saturating_sub(window.len()) as u64;
        let got = bytes.by_ref().take(room).read_to_end(&mut window);
        got.map_err(|error| SourceError::read(Path::new(name), error))?;
        ended = bytes.fill_buf().map_err(|error| SourceError::read(Path::new(name), error))?.is_empty();
        let mut messages = framing.messages(&window);
        let mut at = 0;
        while let Some(bytes) = messages.next() {
            let end = window.len() - messages.rest().len();
            if !tell(Told::Message(message(bytes, offset + at as u64, None))) {
                return Ok(());
            }
            at = end;
        }
        // What is left is part of a message when more comes, and else no message of this framing.
        let rest = window.len() - at;
        if rest > WINDOW_BYTES / 2 || (ended && rest > 0) {
            let skipped = resume(framing, &window[at..]);
            // A file may end with a length of zero.
            let is_end = ended && window[at..] == [0, 0];
            let what = "no message of this framing lies here".to_string();
            let fault = Fault { offset: offset + at as u64, skipped: skipped as u64, what };
            if !is_end && !tell(Told::Fault(fault)) {
                return Ok(());
            }
            at += skipped;
        }
        window.drain(..at);
        offset += at as u64;
    }
    Ok(())
}

/// How many bytes to pass over, to where messages of the framing lie again; all where they do not.
fn resume(framing: Framing, rest: &[u8]) -> usize {
    (1..rest.len()).find(|at| Framing::detect(&rest[*at..]) == Some(framing)).unwrap_or(rest.len())
}

fn message(bytes: &[u8], offset: u64, packet: Option<Packet>) -> Message {
    let (name, fields) = match itch::Message::read(bytes) {
        Some(message) => {
            let spec = message.spec();
            let fields = spec.fields.iter().map(|field| said(field, message.bytes())).collect();
            (format!("{} {}", char::from(spec.tag), spec.name), fields)
        }
        None => {
            let tag = bytes.first().map(|tag| tag.escape_ascii().to_string()).unwrap_or_default();
            (format!("type `{tag}` of {} bytes, unknown", bytes.len()), Vec::new())
        }
    };
    Message { offset, packet, name: name.into(), fields, groups: Vec::new() }
}

fn said(field: &itch::Field, message: &[u8]) -> Field {
    let mut text = String::new();
    field.write(message, &mut text);
    let word = match field.kind {
        Kind::Integer | Kind::Time => text.parse::<u64>().map_or(Word::Text(text), number),
        Kind::Char | Kind::Text | Kind::Price4 | Kind::Price8 => Word::Text(text),
    };
    (field.name.into(), word)
}
