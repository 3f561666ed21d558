//! Reading captures: record by record, through the headers, to what a packet carries.

use super::fragments::{Arrived, Fragments, Key, Outcome as Joined};
use super::frame::{Network, UDP, network};
use super::ip::{self, Ip, TCP};
use super::record::{Format, Record, Records};
use super::shortcut::{self, Shortcut};
use super::window::Window;
use super::{CaptureError, Content, Datagram, Endpoint, Packet, Segment, Skipped};
use std::io::Read;
use std::net::{IpAddr, SocketAddr};
use types::Nanos;

/// The packets of a capture, in the order of the file.
pub struct Capture<'r> {
    records: Records<'r>,
    fragments: Fragments,
    skipped: Skipped,
    /// The last time a record told.
    now: Nanos,
}

/// Which packets are asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Want {
    /// IPv4, UDP, with a time.
    Datagrams,
    Everything,
}

/// A packet by its place.
struct Found {
    record: Record,
    source: SocketAddr,
    destination: SocketAddr,
    /// Whether it lies in what was put together, and not in the window.
    joined: bool,
    start: usize,
    end: usize,
    /// Sequence number and flags of a TCP segment.
    tcp: Option<(u32, u8)>,
}

/// What is wrong with a packet.
struct Damage(&'static str);

impl<'r> Capture<'r> {
    /// The capture that `reader` gives; read in chunks.
    #[must_use]
    pub fn new(reader: Box<dyn Read + 'r>) -> Self {
        Self::through(Window::new(reader))
    }

    /// The capture in `bytes`, read where they lie.
    #[must_use]
    pub fn of(bytes: &'r [u8]) -> Self {
        Self::through(Window::of(bytes))
    }

    fn through(window: Window<'r>) -> Self {
        Self {
            records: Records::new(window),
            fragments: Fragments::default(),
            skipped: Skipped::default(),
            now: Nanos::MIN,
        }
    }

    /// What was passed over so far.
    #[must_use]
    pub const fn skipped(&self) -> Skipped {
        let mut skipped = self.skipped;
        skipped.blocks = self.records.blocks;
        skipped
    }

    /// How many packets whoever captured says were lost before they could be written, as far as the file was read.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.records.dropped()
    }

    /// The next IPv4 datagram; `None` when the capture is over. After an error that is not
    /// [final](CaptureError::is_final) the next call goes on behind it; after a final one there is nothing more.
    ///
    /// # Errors
    /// When the capture, or the record at hand, cannot be read.
    #[expect(
        clippy::should_implement_trait,
        reason = "it lends from the capture, which `Iterator` cannot say"
    )]
    #[inline]
    pub fn next(&mut self) -> Result<Option<Datagram<'_>>, CaptureError> {
        loop {
            if let Some(found) = self.shortcut() {
                let (offset, place) = (self.records.window.offset(), self.records.window.place());
                self.records.window.consume(found.size);
                return Ok(Some(Datagram {
                    received_at: found.received_at,
                    source: found.source,
                    destination: found.destination,
                    payload: self.records.window.at(place + found.start, place + found.end),
                    offset,
                }));
            }
            let Some(record) = self.record()? else { return Ok(None) };
            let Some(found) = self.general(record, Want::Datagrams)? else { continue };
            let (IpAddr::V4(source), IpAddr::V4(destination), Some(received_at)) =
                (found.source.ip(), found.destination.ip(), record.received_at)
            else {
                unreachable!("the others are not wanted");
            };
            return Ok(Some(Datagram {
                received_at,
                source: Endpoint { ip: source.octets(), port: found.source.port() },
                destination: Endpoint { ip: destination.octets(), port: found.destination.port() },
                payload: self.bytes(&found),
                offset: record.offset,
            }));
        }
    }

    /// The next packet of any kind we read, as [`next`](Self::next) gives datagrams.
    ///
    /// # Errors
    /// When the capture, or the record at hand, cannot be read.
    pub fn next_packet(&mut self) -> Result<Option<Packet<'_>>, CaptureError> {
        loop {
            let Some(record) = self.record()? else { return Ok(None) };
            let Some(found) = self.general(record, Want::Everything)? else { continue };
            let payload = self.bytes(&found);
            let content = match found.tcp {
                None => Content::Datagram(payload),
                Some((sequence, flags)) => Content::Segment(Segment {
                    sequence,
                    fin: flags & 1 != 0,
                    syn: flags & 2 != 0,
                    rst: flags & 4 != 0,
                    payload,
                }),
            };
            return Ok(Some(Packet {
                received_at: record.received_at,
                source: found.source,
                destination: found.destination,
                content,
                interface: record.interface,
                offset: record.offset,
            }));
        }
    }

    #[inline]
    fn shortcut(&self) -> Option<Shortcut> {
        let Records { window, format, interfaces, .. } = &self.records;
        shortcut::datagram(*format, interfaces, window.bytes())
    }

    fn bytes(&self, found: &Found) -> &[u8] {
        if found.joined {
            &self.fragments.whole()[found.start..found.end]
        } else {
            self.records.window.at(found.record.start + found.start, found.record.start + found.end)
        }
    }

    #[inline]
    fn record(&mut self) -> Result<Option<Record>, CaptureError> {
        match self.records.next() {
            Ok(Some(record)) => Ok(Some(record)),
            Ok(None) => {
                self.end();
                Ok(None)
            }
            Err(error) => {
                if error.is_final() {
                    self.end();
                }
                Err(error)
            }
        }
    }

    #[cold]
    fn end(&mut self) {
        self.records.format = Format::Ended;
        self.fragments.finish(&mut self.skipped);
    }

    /// The general path: a packet that is wanted, `None` for one that is counted or waits for its other parts.
    #[inline(never)]
    fn general(&mut self, record: Record, want: Want) -> Result<Option<Found>, CaptureError> {
        self.now = record.received_at.unwrap_or(self.now);
        self.look(record, want).map_err(|Damage(what)| CaptureError::Damaged {
            offset: record.offset,
            skipped: record.size as u64,
            what: if record.cut { "a packet was cut short when it was captured" } else { what },
        })
    }

    fn look(&mut self, record: Record, want: Want) -> Result<Option<Found>, Damage> {
        let frame = self.records.window.at(record.start, record.end);
        let datagrams = want == Want::Datagrams;
        let (ip, what) = match network(record.link, frame) {
            Network::Ipv4(at) => (ip::v4(frame, at), "an IPv4 header contradicts the packet"),
            Network::Ipv6(_) | Network::Other if datagrams => {
                self.skipped.not_ipv4 += 1;
                return Ok(None);
            }
            Network::Ipv6(at) => (ip::v6(frame, at), "an IPv6 header contradicts the packet"),
            Network::Other => {
                self.skipped.not_ipv4 += 1;
                return Ok(None);
            }
            Network::UnknownLink => {
                self.skipped.other_links += 1;
                return Ok(None);
            }
            Network::Short => return Err(Damage("a frame ends within its link layer's header")),
        };
        let Some(ip) = ip else {
            // Cut or damaged; but of a protocol that is not asked for it does not matter.
            if datagrams && self.is_another(record) {
                self.skipped.not_udp += 1;
                return Ok(None);
            }
            return Err(Damage(what));
        };
        if datagrams && record.received_at.is_none() {
            self.skipped.untimed += 1;
            return Ok(None);
        }
        if ip.protocol != UDP && (datagrams || (ip.protocol != TCP && ip.part.is_none())) {
            self.skipped.not_udp += 1;
            return Ok(None);
        }
        match ip.part {
            None => self.transport(record, &ip, ip.protocol, (ip.start, ip.end), false),
            Some(_) => self.part(record, &ip),
        }
    }

    /// Whether a packet that cannot be read is plainly none of UDP: a complete IPv4 header of a cut packet says so.
    fn is_another(&self, record: Record) -> bool {
        let frame = self.records.window.at(record.start, record.end);
        let Network::Ipv4(at) = network(record.link, frame) else { return false };
        record.cut && frame.get(at..at + 20).is_some_and(|head| head[0] >> 4 == 4 && head[9] != UDP)
    }

    /// One part of a packet; perhaps the last that was missing.
    fn part(&mut self, record: Record, ip: &Ip) -> Result<Option<Found>, Damage> {
        let part = ip.part.expect("the caller saw it");
        let key = Key {
            source: ip.source,
            destination: ip.destination,
            protocol: ip.source.is_ipv4().then_some(ip.protocol),
            id: part.id,
        };
        let bytes = self.records.window.at(record.start + ip.start, record.start + ip.end);
        let arrived = Arrived { at: self.now, part, protocol: ip.protocol, bytes };
        match self.fragments.add(key, &arrived, &mut self.skipped) {
            Joined::Kept => Ok(None),
            Joined::Impossible => Err(Damage("a fragment's place and length are impossible")),
            Joined::Whole(protocol) => {
                let whole = self.fragments.whole();
                let behind = match ip.source {
                    IpAddr::V4(_) => Some((protocol, 0)),
                    IpAddr::V6(_) => ip::past_extensions(protocol, whole, 0, whole.len()),
                };
                let (protocol, start) =
                    behind.ok_or(Damage("an IPv6 extension header contradicts the packet"))?;
                self.transport(record, ip, protocol, (start, self.fragments.whole().len()), true)
            }
        }
    }

    fn transport(
        &mut self,
        record: Record,
        ip: &Ip,
        protocol: u8,
        (start, end): (usize, usize),
        joined: bool,
    ) -> Result<Option<Found>, Damage> {
        let bytes = match joined {
            true => &self.fragments.whole()[start..end],
            false => self.records.window.at(record.start + start, record.start + end),
        };
        let found = |ports: [u16; 2], start, end, tcp| Found {
            record,
            source: SocketAddr::new(ip.source, ports[0]),
            destination: SocketAddr::new(ip.destination, ports[1]),
            joined,
            start,
            end,
            tcp,
        };
        match protocol {
            UDP => match ip::udp(bytes) {
                Some((ports, length)) => Ok(Some(found(ports, start + 8, start + length, None))),
                None => Err(Damage("a UDP header contradicts the packet")),
            },
            TCP => match ip::tcp(bytes) {
                Some(head) => {
                    let tcp = Some((head.sequence, head.flags));
                    Ok(Some(found(head.ports, start + head.header, end, tcp)))
                }
                None => Err(Damage("a TCP header contradicts the packet")),
            },
            _ => {
                self.skipped.not_udp += 1;
                Ok(None)
            }
        }
    }
}

impl std::fmt::Debug for Capture<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Capture")
            .field("offset", &self.records.window.offset())
            .field("format", &self.records.format)
            .field("skipped", &self.skipped())
            .finish_non_exhaustive()
    }
}
