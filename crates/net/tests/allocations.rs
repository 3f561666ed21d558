//! Nothing is allocated for a packet, neither out of a file nor off the wire.

use net::capture::{Capture, Endpoint, Writer};
use testkit::allocations::on_this_thread;
use types::Nanos;

#[global_allocator]
static ALLOCATOR: testkit::allocations::Counting = testkit::allocations::Counting;

const LINE: Endpoint = Endpoint { ip: [239, 255, 73, 1], port: 24_900 };

#[test]
fn a_datagram_out_of_a_file_allocates_nothing() {
    let mut writer = Writer::new(Vec::new()).expect("a vector takes all");
    for at in 0..1_000 {
        writer.datagram(Nanos(at), LINE, LINE, &[7; 100]).expect("a vector takes all");
    }
    let file = writer.finish().expect("a vector takes all");
    let mut capture = Capture::of(&file);
    capture.next().expect("whole").expect("a thousand");
    let before = on_this_thread();
    let mut count = 1;
    while capture.next().expect("whole").is_some() {
        count += 1;
    }
    assert_eq!((count, on_this_thread() - before), (1_000, 0));
}

#[cfg(target_os = "linux")]
#[test]
fn a_packet_off_the_wire_allocates_nothing_and_a_batch_of_them_its_headers() {
    use net::multicast::{Batch, Config, Join, Receiver, Wait};
    use std::io::Write as _;
    use std::net::{Ipv4Addr, SocketAddr, UdpSocket};

    // With `recvmmsg`, for each batch that held something: the four pieces of nix's headers.
    for (batched, for_a_batch) in [(false, 0), (true, 4)] {
        let mut config = Config::new(vec![Join::any_source(LINE)]);
        config.interface = Some("127.0.0.1".into());
        (config.batched, config.wait) = (batched, Wait::Never);
        let Ok(mut receiver) = Receiver::new(&config) else {
            let _ = writeln!(std::io::stderr(), "SKIPPED: no multicast on loopback here");
            return;
        };
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("bound");
        socket2::SockRef::from(&socket).set_multicast_if_v4(&Ipv4Addr::LOCALHOST).expect("loopback");
        let mut batch = Batch::new(&config);
        let (mut spent, mut batches) = (0, 0);
        for round in 0..20 {
            for _ in 0..30 {
                socket.send_to(&[7; 100], SocketAddr::from(LINE)).expect("sent");
            }
            let (before, mut seen) = (on_this_thread(), 0);
            for _ in 0..40 {
                let count = receiver.poll(&mut batch).expect("polled");
                seen += count;
                // The first round warms up.
                batches += u64::from(round > 0 && count > 0);
            }
            assert_eq!(seen, 30, "recvmmsg {batched}");
            if round > 0 {
                spent += on_this_thread() - before;
            }
        }
        assert_eq!(spent, for_a_batch * batches, "recvmmsg {batched}: {batches} batches");
    }
}
