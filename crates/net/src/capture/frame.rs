//! From a captured frame to the datagram within it.

use super::Endpoint;
use etherparse::{LinkSlice, NetSlice, SlicedPacket, TransportSlice};
use pcap_parser::Linktype;

/// What a frame holds.
#[derive(Debug)]
pub(crate) enum Content<'a> {
    Datagram {
        source: Endpoint,
        destination: Endpoint,
        payload: &'a [u8],
    },
    NotIpv4,
    NotUdp,
    Fragment,
    OtherLink,
    /// The lengths within it contradict each other or the frame's own.
    Damaged,
}

/// Reads a frame of a link layer.
pub(crate) fn content(link: Linktype, frame: &[u8]) -> Content<'_> {
    // `Linktype` is a number, not an enumeration: what is not listed is not read.
    let sliced = if link == Linktype::ETHERNET {
        SlicedPacket::from_ethernet(frame)
    } else if link == Linktype::RAW || link == Linktype::IPV4 {
        SlicedPacket::from_ip(frame)
    } else if link == Linktype::LINUX_SLL {
        SlicedPacket::from_linux_sll(frame)
    } else {
        return Content::OtherLink;
    };
    match sliced {
        Ok(packet) => of_packet(&packet),
        Err(_) => Content::Damaged,
    }
}

fn of_packet<'a>(packet: &SlicedPacket<'a>) -> Content<'a> {
    let ip = match &packet.net {
        Some(NetSlice::Ipv4(ip)) => ip,
        Some(NetSlice::Ipv6(_) | NetSlice::Arp(_)) => return Content::NotIpv4,
        None if link_says_ipv4(packet) => return Content::Damaged,
        None => return Content::NotIpv4,
    };
    if ip.is_payload_fragmented() {
        return Content::Fragment;
    }
    match &packet.transport {
        Some(TransportSlice::Udp(udp)) => Content::Datagram {
            source: Endpoint { ip: ip.header().source(), port: udp.source_port() },
            destination: Endpoint { ip: ip.header().destination(), port: udp.destination_port() },
            payload: udp.payload(),
        },
        _ => Content::NotUdp,
    }
}

/// Whether the link layer announced IPv4 although none was found.
fn link_says_ipv4(packet: &SlicedPacket<'_>) -> bool {
    match &packet.link {
        Some(LinkSlice::Ethernet2(ethernet)) => ethernet.ether_type() == etherparse::EtherType::IPV4,
        _ => false,
    }
}
