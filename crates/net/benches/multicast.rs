//! Receiving multicast on the loopback interface: how many packets a second, and how long until one is seen.
//!
//! Not a criterion benchmark: what matters are two threads and the tail, so it prints its own table. A packet carries
//! the moment before it was sent; the latency is from there to `poll`'s return, and so holds the sending as well. The
//! floor, a blocking receive of the standard library on the same path, runs in the same run.

#[cfg(not(target_os = "linux"))]
fn main() {}

#[cfg(target_os = "linux")]
fn main() {
    on_linux::main();
}

#[cfg(target_os = "linux")]
mod on_linux {
    use net::capture::Endpoint;
    use net::multicast::{Batch, Config, Join, Receiver, Wait};
    use socket2::{Domain, Socket, Type};
    use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, UdpSocket};
    use std::sync::OnceLock;
    use std::time::{Duration, Instant};

    const GROUP: Endpoint = Endpoint { ip: [239, 255, 72, 1], port: 24_801 };
    const PINGS: usize = 5_000;
    const BURST: usize = 4_000;
    const BURSTS: usize = 25;
    const PAYLOAD_BYTES: usize = 200;

    fn sender() -> UdpSocket {
        let socket = Socket::new(Domain::IPV4, Type::DGRAM, None).expect("a socket");
        socket.set_multicast_if_v4(&Ipv4Addr::LOCALHOST).expect("loopback");
        socket.bind(&SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0).into()).expect("bound");
        socket.into()
    }

    fn config(wait: Wait, batched: bool) -> Config {
        let mut config = Config::new(vec![Join::any_source(GROUP)]);
        config.interface = Some("127.0.0.1".into());
        (config.wait, config.batched) = (wait, batched);
        config.buffer_bytes = 32 << 20;
        config
    }

    fn nanos() -> u64 {
        static START: OnceLock<Instant> = OnceLock::new();
        u64::try_from(START.get_or_init(Instant::now).elapsed().as_nanos()).expect("a short run")
    }

    /// Pings at odd intervals; sends until all are sent.
    fn ping() {
        let sender = sender();
        for number in 0..PINGS {
            std::thread::sleep(Duration::from_micros(50 + (number as u64 * 37) % 100));
            let mut payload = [0; PAYLOAD_BYTES];
            payload[..8].copy_from_slice(&nanos().to_le_bytes());
            sender.send_to(&payload, SocketAddr::from(GROUP)).expect("sent");
        }
    }

    fn latency(mut receive: impl FnMut(&mut dyn FnMut(&[u8]))) -> [u64; 3] {
        let pinging = std::thread::spawn(ping);
        let mut seen = Vec::with_capacity(PINGS);
        while seen.len() < PINGS {
            receive(&mut |payload| {
                let sent = u64::from_le_bytes(*payload.first_chunk().expect("eight bytes"));
                seen.push(nanos() - sent);
            });
        }
        pinging.join().expect("it only sends");
        seen.sort_unstable();
        [50, 99, 100].map(|percent| seen[(seen.len() * percent / 100).min(seen.len() - 1)])
    }

    /// Reads what waits in the socket: packets a second of receiving alone.
    fn throughput(config: &Config) -> (f64, u64) {
        let mut receiver = Receiver::new(config).expect("joined");
        let mut batch = Batch::new(config);
        let sender = sender();
        let (mut spent, mut count) = (Duration::ZERO, 0);
        for _ in 0..BURSTS {
            for _ in 0..BURST {
                sender.send_to(&[0; PAYLOAD_BYTES], SocketAddr::from(GROUP)).expect("sent");
            }
            let started = Instant::now();
            let mut left = BURST;
            while left > 0 {
                let got = receiver.poll(&mut batch).expect("polled");
                if got == 0 {
                    break;
                }
                left -= got;
            }
            spent += started.elapsed();
            count += BURST - left;
        }
        let rate = f64::from(u32::try_from(count).expect("small")) / spent.as_secs_f64();
        (rate, receiver.counts().lost)
    }

    pub(super) fn main() {
        let limit = Duration::from_millis(100);
        println!(
            "{:34} {:>9} {:>9} {:>9} {:>14} {:>6}",
            "way", "p50 ns", "p99 ns", "most ns", "packets/s", "lost"
        );
        let ways = [
            ("asleep, recvmsg", Wait::Sleep(limit), false),
            ("asleep, recvmmsg", Wait::Sleep(limit), true),
            ("spinning, recvmsg", Wait::Spin(limit), false),
            ("spinning, recvmmsg", Wait::Spin(limit), true),
        ];
        for (name, wait, batched) in ways {
            let config = config(wait, batched);
            let mut receiver = Receiver::new(&config).expect("joined");
            let mut batch = Batch::new(&config);
            let [p50, p99, most] = latency(|each| {
                receiver.poll(&mut batch).expect("polled");
                batch.packets().for_each(|packet| each(packet.payload));
            });
            drop(receiver);
            let (rate, lost) = throughput(&config);
            println!("{name:34} {p50:>9} {p99:>9} {most:>9} {rate:>14.0} {lost:>6}");
        }
        let socket = Socket::new(Domain::IPV4, Type::DGRAM, None).expect("a socket");
        socket.set_reuse_address(true).expect("shared");
        socket.bind(&SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, GROUP.port).into()).expect("bound");
        socket.join_multicast_v4(&GROUP.ip.into(), &Ipv4Addr::LOCALHOST).expect("joined");
        let socket: UdpSocket = socket.into();
        let mut bytes = [0; 2_048];
        for (name, spin) in [("floor: std, blocking", false), ("floor: std, spinning", true)] {
            socket.set_nonblocking(spin).expect("set");
            let [p50, p99, most] = latency(|each| {
                if let Ok((length, _)) = socket.recv_from(&mut bytes) {
                    each(&bytes[..length]);
                }
            });
            println!("{name:34} {p50:>9} {p99:>9} {most:>9}");
        }
    }
}
