//! Sockets made ready: options, memberships, the interface. Nothing here is called once packets flow.

use super::{Clock, Config, Join, MulticastError};
use nix::sys::socket::{TimestampingFlag, setsockopt, sockopt};
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};

/// Groups to a socket: what the kernel allows unless told otherwise (`net.ipv4.igmp_max_memberships`).
pub(super) const GROUPS_MAX: usize = 20;

/// A socket that hears nothing yet, bound to `port`.
pub(super) fn open(port: u16, config: &Config) -> Result<Socket, MulticastError> {
    let failed = |doing: &str| {
        let doing = format!("{doing} for port {port}");
        move |source: io::Error| MulticastError::Socket { doing, source }
    };
    let socket =
        Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP)).map_err(failed("opening a socket"))?;
    socket.set_nonblocking(true).map_err(failed("making a socket non-blocking"))?;
    // Others may listen to the same lines on the same machine.
    socket.set_reuse_address(true).map_err(failed("sharing a port"))?;
    // Only the groups this socket joined; not all that anybody on this machine did.
    socket.set_multicast_all_v4(false).map_err(failed("asking for joined groups only"))?;
    buffer(&socket, config.buffer_bytes).map_err(failed("sizing a receive buffer"))?;
    if let Some(micros) = config.busy_poll_us {
        socket.set_busy_poll(micros).map_err(failed("setting SO_BUSY_POLL"))?;
    }
    let options = || -> nix::Result<()> {
        setsockopt(&socket, sockopt::Ipv4PacketInfo, &true)?;
        setsockopt(&socket, sockopt::RxqOvfl, &1)?;
        match config.clock {
            Clock::Hardware => setsockopt(
                &socket,
                sockopt::Timestamping,
                &(TimestampingFlag::SOF_TIMESTAMPING_RX_HARDWARE
                    | TimestampingFlag::SOF_TIMESTAMPING_RAW_HARDWARE
                    | TimestampingFlag::SOF_TIMESTAMPING_RX_SOFTWARE
                    | TimestampingFlag::SOF_TIMESTAMPING_SOFTWARE),
            ),
            Clock::Kernel => setsockopt(&socket, sockopt::ReceiveTimestampns, &true),
            Clock::Return => Ok(()),
        }
    };
    options().map_err(io::Error::from).map_err(failed("asking for addresses, drops and times"))?;
    let any = SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, port);
    socket.bind(&any.into()).map_err(failed("binding"))?;
    Ok(socket)
}

/// The kernel grants up to a limit in silence; whoever may pass it does.
fn buffer(socket: &Socket, bytes: usize) -> io::Result<()> {
    socket.set_recv_buffer_size(bytes)?;
    // It counts its own records as well, and so doubles what it was asked for.
    if socket.recv_buffer_size()? < 2 * bytes {
        // Refused to all but CAP_NET_ADMIN: what was granted has to do, and `Receiver::buffer_bytes` says it.
        let _ = setsockopt(socket, sockopt::RcvBufForce, &bytes);
    }
    Ok(())
}

pub(super) fn join(socket: &Socket, line: &Join, interface: Ipv4Addr) -> Result<(), MulticastError> {
    let group = Ipv4Addr::from(line.group.ip);
    if !group.is_multicast() {
        return Err(MulticastError::NotAGroup { group: line.group });
    }
    let joined = match line.source {
        Some(source) => socket.join_ssm_v4(&source, &group, &interface),
        None => socket.join_multicast_v4(&group, &interface),
    };
    joined.map_err(|source| MulticastError::Join { group: line.group, source })
}

pub(super) fn leave(socket: &Socket, line: &Join, interface: Ipv4Addr) -> Result<(), MulticastError> {
    let group = Ipv4Addr::from(line.group.ip);
    let left = match line.source {
        Some(source) => socket.leave_ssm_v4(&source, &group, &interface),
        None => socket.leave_multicast_v4(&group, &interface),
    };
    let doing = || format!("leaving {}", line.group);
    left.map_err(|source| MulticastError::Socket { doing: doing(), source })
}

/// The address of an interface named by name or address.
pub(super) fn interface(wanted: Option<&str>) -> Result<Ipv4Addr, MulticastError> {
    let Some(wanted) = wanted else { return Ok(Ipv4Addr::UNSPECIFIED) };
    let known = nix::ifaddrs::getifaddrs().map_err(|error| MulticastError::Socket {
        doing: "listing the interfaces".into(),
        source: error.into(),
    })?;
    let known: Vec<(String, Ipv4Addr)> =
        known.filter_map(|one| Some((one.interface_name, one.address?.as_sockaddr_in()?.ip()))).collect();
    let address: Option<Ipv4Addr> = wanted.parse().ok();
    match known.iter().find(|(name, ip)| name == wanted || Some(*ip) == address) {
        Some((_, ip)) => Ok(*ip),
        None => {
            let known: Vec<String> = known.iter().map(|(name, ip)| format!("{name} ({ip})")).collect();
            Err(MulticastError::Interface { wanted: wanted.into(), known: known.join(", ") })
        }
    }
}
