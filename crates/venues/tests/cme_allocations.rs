//! Once every instrument has been met, decoding allocates nothing.

use net::capture::Capture;
use testkit::allocations::{Counting, on_this_thread};
use types::Nanos;
use venues::cme::{Decoder, Line};
use venues::{Directory, Output};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn a_second_pass_over_recorded_packets_allocates_nothing() {
    for (file, restarts) in [("Cme.Mdp3.Sbe.v6.1.pcapng", 1), ("Cme.Mdp3.Sbe.v9.1.Example.pcap", 9)] {
        let Some(path) = testkit::data::recorded(&format!("cme-mdp3/{file}")) else {
            return;
        };
        let bytes = std::fs::read(path).expect("just found");
        let mut capture = Capture::of(&bytes);
        let mut packets = Vec::new();
        while let Some(datagram) = capture.next().expect("the recording is whole") {
            let line = Line { ip: datagram.destination.ip, port: datagram.destination.port };
            packets.push((datagram.received_at, line, datagram.payload.to_vec()));
        }
        let (mut decoder, mut directory, mut out) = (Decoder::new(), Directory::survey(), Output::default());
        // The caller's buffer: the second pass starts with a gap for every instrument.
        out.arrivals.reserve(1_024);
        // The second pass comes an hour later, or all of it would be copies of the first.
        let mut pass = |later: u64| {
            let before = on_this_thread();
            let mut arrivals = 0;
            for (received_at, line, payload) in &mut packets {
                let sent = u64::from_le_bytes(*payload[4..].first_chunk().expect("a header"));
                payload[4..12].copy_from_slice(&(sent + later).to_le_bytes());
                out.clear();
                let now = Nanos(received_at.0) + Nanos(later.cast_signed());
                decoder.packet(now, *line, payload, 0, &mut directory, &mut out);
                arrivals += out.arrivals.len();
            }
            (arrivals, on_this_thread() - before)
        };
        let (first, _) = pass(0);
        let (second, allocations) = pass(3_600_000_000_000);
        assert_eq!(allocations, 0, "{file}");
        // All over again: where the first pass joined late, the second finds each channel's numbering started anew.
        assert_eq!(second, first, "{file}");
        let counted = decoder.counts().into_iter().find(|(name, _)| name == "channel restarts");
        assert_eq!(counted.map(|(_, count)| count), Some(restarts), "{file}");
    }
}
