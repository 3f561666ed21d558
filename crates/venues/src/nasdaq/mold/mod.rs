//! MoldUDP64 1.00: messages numbered one by one, several to a datagram, sent on two lines, asked for again when lost.
//!
//! ```text
//!   Session (10) │ Sequence Number (8) │ Message Count (2) │ { Message Length (2) │ Message Data }*
//! ```
//!
//! | module | owns |
//! |---|---|
//! | here | packets: read in place, written for tests and simulators |
//! | [`Receiver`] | the order: which copy counts, what is missing, what to ask for and when to give up |
//! | [`Decoder`] | ITCH out of packets |
//!
//! A line is nothing to the protocol: copies of a message carry the same session and number, whether they come on
//! line A, on line B or from a re-request server, and all are given to the same receiver.

mod decoder;
mod receiver;

pub use decoder::Decoder;
pub use receiver::{Policy, Receiver, Requests, Said};

use super::itch;

/// Session, sequence number, message count: a packet's header, and all of a request.
pub const HEADER_BYTES: usize = 20;
/// The message count of a packet that ends the session.
pub const END_OF_SESSION: u16 = 0xffff;

/// What a packet starts with. Sent the other way, it is a request for `count` messages from `sequence` on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The session, padded with spaces.
    pub session: [u8; 10],
    /// The number of the first message, or, where there is none, of the next one to come.
    pub sequence: u64,
    /// How many messages: none in a heartbeat, [`END_OF_SESSION`] at the end.
    pub count: u16,
}

/// A request packet, to a re-request server.
pub type Request = Header;

impl Header {
    /// The header at the start of `bytes`, if there are enough.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; HEADER_BYTES] = bytes.first_chunk()?;
        Some(Self {
            session: *bytes.first_chunk()?,
            sequence: u64::from_be_bytes(*bytes[10..].first_chunk()?),
            count: u16::from_be_bytes(*bytes.last_chunk()?),
        })
    }

    /// As it is sent.
    #[must_use]
    pub fn bytes(&self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        bytes[..10].copy_from_slice(&self.session);
        bytes[10..18].copy_from_slice(&self.sequence.to_be_bytes());
        bytes[18..].copy_from_slice(&self.count.to_be_bytes());
        bytes
    }
}

/// A downstream packet whose messages fill it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    /// How it starts.
    pub header: Header,
    /// Behind the header: message blocks, checked to lie within the packet.
    blocks: &'a [u8],
}

/// Why a packet cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Damage {
    /// Where in the packet.
    pub at: usize,
    /// What is wrong.
    pub what: &'static str,
}

impl<'a> Packet<'a> {
    /// The packet that a datagram carries.
    ///
    /// # Errors
    /// When it is cut, or its messages are not as many as it says.
    pub fn read(payload: &'a [u8]) -> Result<Self, Damage> {
        let header =
            Header::read(payload).ok_or(Damage { at: 0, what: "the packet is shorter than its header" })?;
        let blocks = &payload[HEADER_BYTES..];
        let packet = Self { header, blocks };
        let mut messages = packet.messages();
        let count = messages.by_ref().count();
        if !messages.rest.is_empty() {
            return Err(Damage {
                at: payload.len() - messages.rest.len(),
                what: "a message is longer than its packet",
            });
        }
        if count != usize::from(packet.count()) {
            return Err(Damage { at: 18, what: "the messages are not as many as the packet says" });
        }
        Ok(packet)
    }

    /// How many messages it has.
    #[must_use]
    pub const fn count(&self) -> u16 {
        if self.is_end() { 0 } else { self.header.count }
    }

    /// Whether it ends the session.
    #[must_use]
    pub const fn is_end(&self) -> bool {
        self.header.count == END_OF_SESSION
    }

    /// Its messages, in their order.
    #[must_use]
    pub const fn messages(&self) -> Blocks<'a> {
        Blocks { rest: self.blocks, at: HEADER_BYTES }
    }
}

/// The messages of a packet, each with where in the packet it lies.
#[derive(Clone, Copy, Debug)]
pub struct Blocks<'a> {
    rest: &'a [u8],
    at: usize,
}

impl<'a> Iterator for Blocks<'a> {
    type Item = (usize, &'a [u8]);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let (length, rest) = self.rest.split_first_chunk()?;
        let length = usize::from(u16::from_be_bytes(*length));
        let (message, rest) = rest.split_at_checked(length)?;
        let at = self.at + 2;
        self.rest = rest;
        self.at = at + length;
        Some((at, message))
    }
}

/// Whether a datagram is a MoldUDP64 packet of ITCH messages: the blocks fill it, and each has a type we know and its
/// length. An empty packet tells by its session, which is text.
#[must_use]
pub fn carries_itch(payload: &[u8]) -> bool {
    let Ok(packet) = Packet::read(payload) else { return false };
    if packet.count() == 0 {
        return packet.header.session.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b' ');
    }
    packet.messages().all(|(_, message)| {
        message.first().is_some_and(|tag| itch::length(*tag) == Some(message.len()))
            && itch::timestamp(message).is_some_and(|timestamp| timestamp.0 < itch::DAY_NANOS)
    })
}

/// Writes packets, for tests and simulators: one at a time, at the end of `bytes`.
#[derive(Debug)]
pub struct PacketWriter<'a> {
    bytes: &'a mut Vec<u8>,
    start: usize,
    header: Header,
}

impl<'a> PacketWriter<'a> {
    /// A packet whose first message has the number `sequence`.
    pub fn begin(bytes: &'a mut Vec<u8>, session: [u8; 10], sequence: u64) -> Self {
        let (start, header) = (bytes.len(), Header { session, sequence, count: 0 });
        bytes.extend_from_slice(&header.bytes());
        Self { bytes, start, header }
    }

    /// Appends a message.
    ///
    /// # Panics
    /// When the message has more than 65,535 bytes, or the packet as many messages as no count can say.
    pub fn message(&mut self, message: &[u8]) {
        let length = u16::try_from(message.len()).expect("a message of 16 bits of length");
        self.bytes.extend_from_slice(&length.to_be_bytes());
        self.bytes.extend_from_slice(message);
        self.header.count += 1;
        assert!(self.header.count < END_OF_SESSION, "more messages than a count can say");
    }

    /// Ends the packet; without a message it is a heartbeat.
    pub fn finish(self) {
        self.bytes[self.start..self.start + HEADER_BYTES].copy_from_slice(&self.header.bytes());
    }

    /// Ends the packet as one that ends the session; it must have no message.
    ///
    /// # Panics
    /// When it has one.
    pub fn end_of_session(mut self) {
        assert_eq!(self.header.count, 0, "the end carries no messages");
        self.header.count = END_OF_SESSION;
        self.finish();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SESSION: [u8; 10] = *b"000008402A";

    fn packet(messages: &[&[u8]]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut writer = PacketWriter::begin(&mut bytes, SESSION, 7);
        messages.iter().for_each(|message| writer.message(message));
        writer.finish();
        bytes
    }

    #[test]
    fn packets_lie_as_the_specification_draws_them() {
        let bytes = packet(&[b"AB", b"", b"C"]);
        let expected =
            [&SESSION[..], &[0, 0, 0, 0, 0, 0, 0, 7, 0, 3, 0, 2], b"AB", &[0, 0, 0, 1], b"C"].concat();
        assert_eq!(bytes, expected);
        let read = Packet::read(&bytes).expect("just written");
        let messages: Vec<_> = read.messages().collect();
        assert_eq!(messages, [(22, &b"AB"[..]), (26, b""), (28, b"C")]);
        assert_eq!(Header::read(&read.header.bytes()), Some(read.header));
    }

    #[test]
    fn what_does_not_fill_its_packet_is_damage() {
        let bytes = packet(&[b"AB", b"C"]);
        for cut in 0..bytes.len() {
            assert!(Packet::read(&bytes[..cut]).is_err(), "cut at {cut}");
        }
        assert!(Packet::read(&[&bytes[..], b"\0\0"].concat()).is_err(), "a message more than it says");
        let mut more = bytes.clone();
        more[19] = 3;
        assert_eq!(Packet::read(&more).map_err(|damage| damage.at), Err(18));
    }

    #[test]
    fn itch_is_told_by_types_and_lengths() {
        let mut bytes = Vec::new();
        PacketWriter::begin(&mut bytes, SESSION, 1).finish();
        assert!(carries_itch(&bytes), "a heartbeat");
        let end = itch::make::SystemEvent {
            stock_locate: 0,
            tracking_number: 0,
            timestamp: itch::Timestamp(1),
            event_code: b'C',
        };
        assert!(carries_itch(&packet(&[&end.bytes()])));
        assert!(!carries_itch(&packet(&[&end.bytes()[..11]])));
        assert!(!carries_itch(&packet(&[b"text of another kind"])));
        assert!(!carries_itch(&[0; HEADER_BYTES]), "no session");
    }
}
