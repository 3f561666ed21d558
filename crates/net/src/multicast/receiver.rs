//! The receiver: sockets in turn, into the caller's batch.

use super::batch::{Batch, Head, Stamp};
use super::socket::{self, GROUPS_MAX};
use super::{BATCH_PACKETS, Config, Join, MulticastError, Wait, drops};
use crate::capture::Endpoint;
use nix::errno::Errno;
use nix::libc::in_pktinfo;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{
    ControlMessageOwned, MsgFlags, MultiHeaders, RecvMsg, SockaddrIn, Timestamps, recvmmsg, recvmsg,
};
use nix::sys::time::TimeSpec;
use socket2::Socket;
use std::io::{self, IoSliceMut};
use std::net::Ipv4Addr;
use std::os::fd::{AsFd as _, AsRawFd as _};
use std::time::{Instant, SystemTime};
use types::Nanos;

/// Sockets of one receiver: each is a system call to every poll.
const SOCKETS_MAX: usize = 64;

struct Port {
    socket: Socket,
    port: u16,
    groups: usize,
    /// As the kernel counted at the last packet.
    dropped: u32,
    /// What was dropped and is not told yet: the packet that told it was not given.
    owed: u32,
}

/// Receives the lines of a configuration. Lives on the thread that made it.
pub struct Receiver {
    lines: Vec<Option<Join>>,
    /// By line, which of the sockets.
    socket_of: Vec<usize>,
    ports: Vec<Port>,
    interface: Ipv4Addr,
    config: Config,
    /// Which socket is asked first: each in turn.
    first: usize,
    headers: Headers,
    control: Vec<u8>,
    counts: Counts,
}

/// What was received, and what was not given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Packets that were given.
    pub packets: u64,
    /// Packets that the kernel dropped, as told at later ones.
    pub lost: u64,
    /// Packets longer than the batch's slots.
    pub too_long: u64,
    /// Packets to our ports that are of none of our lines.
    pub strangers: u64,
}

/// The headers of `recvmmsg`. The kernel writes into each used one how long its control messages were, and the next
/// packet in the same place gets no more room than that: the count of drops, which is only there once something
/// was dropped, would push the rest out. So used headers are not used again.
#[derive(Default)]
struct Headers(Option<MultiHeaders<SockaddrIn>>);

impl Headers {
    fn take(&mut self) -> MultiHeaders<SockaddrIn> {
        self.0.take().unwrap_or_else(|| MultiHeaders::preallocate(BATCH_PACKETS, Some(control_room())))
    }
}

/// Room for what may come with a packet: both kinds of times, addresses, the count of drops.
fn control_room() -> Vec<u8> {
    nix::cmsg_space!(TimeSpec, Timestamps, in_pktinfo, u32)
}

/// What came with a packet.
#[derive(Clone, Copy, Default)]
struct Beside {
    time: Option<(Nanos, Stamp)>,
    destination: Option<[u8; 4]>,
    dropped: Option<u32>,
}

impl Receiver {
    /// Opens the sockets and joins the lines.
    ///
    /// # Errors
    /// When an interface is not there, or the kernel refuses.
    pub fn new(config: &Config) -> Result<Self, MulticastError> {
        let mut receiver = Self {
            lines: Vec::new(),
            socket_of: Vec::new(),
            ports: Vec::new(),
            interface: socket::interface(config.interface.as_deref())?,
            config: config.clone(),
            first: 0,
            headers: Headers::default(),
            control: control_room(),
            counts: Counts::default(),
        };
        for line in &config.lines {
            receiver.join(*line)?;
        }
        Ok(receiver)
    }

    /// Joins one more line; answers its number.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub fn join(&mut self, line: Join) -> Result<usize, MulticastError> {
        let port = line.group.port;
        let free = |of: &Port| of.port == port && of.groups < GROUPS_MAX;
        let row = match self.ports.iter().position(free) {
            Some(row) => row,
            None if self.ports.len() >= SOCKETS_MAX => {
                let source = io::Error::other(format!("{SOCKETS_MAX} sockets are open already"));
                return Err(MulticastError::Socket { doing: format!("joining {}", line.group), source });
            }
            None => {
                let socket = socket::open(port, &self.config)?;
                self.ports.push(Port { socket, port, groups: 0, dropped: 0, owed: 0 });
                self.ports.len() - 1
            }
        };
        socket::join(&self.ports[row].socket, &line, self.interface)?;
        self.ports[row].groups += 1;
        self.lines.push(Some(line));
        self.socket_of.push(row);
        Ok(self.lines.len() - 1)
    }

    /// Leaves a line: a snapshot's, once it is read. Its number is not given again.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub fn leave(&mut self, line: usize) -> Result<(), MulticastError> {
        let Some(left) = self.lines.get(line).copied().flatten() else { return Ok(()) };
        let port = &mut self.ports[self.socket_of[line]];
        socket::leave(&port.socket, &left, self.interface)?;
        port.groups -= 1;
        self.lines[line] = None;
        Ok(())
    }

    /// What went by.
    #[must_use]
    pub const fn counts(&self) -> Counts {
        self.counts
    }

    /// Bytes that may wait in the smallest of the sockets, as the kernel granted them.
    ///
    /// # Errors
    /// When the kernel does not say.
    pub fn buffer_bytes(&self) -> io::Result<usize> {
        let sizes = self.ports.iter().map(|port| port.socket.recv_buffer_size());
        // It counts its own records as well, and so says twice what it was asked for.
        Ok(sizes.collect::<io::Result<Vec<_>>>()?.into_iter().min().unwrap_or(0) / 2)
    }

    /// All that the kernel dropped from our sockets so far, also what no later packet told. Reads a table of the
    /// system: not for the hot path.
    ///
    /// # Errors
    /// When there is no such table.
    pub fn dropped(&self) -> io::Result<u64> {
        let inode = |port: &Port| nix::sys::stat::fstat(&port.socket).map(|stat| stat.st_ino);
        let inodes: Vec<u64> = self.ports.iter().map(inode).collect::<nix::Result<_>>()?;
        drops::dropped(&inodes)
    }

    /// Clears `out`, and fills it with what there is; waits as configured while there is nothing. Answers how many
    /// packets came: none when the time was over or, asleep, a signal came.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub fn poll(&mut self, out: &mut Batch) -> io::Result<usize> {
        out.clear();
        self.ask(out)?;
        match self.config.wait {
            Wait::Sleep(_) | Wait::Spin(_) if !out.is_empty() => {}
            Wait::Never => {}
            Wait::Sleep(limit) => {
                if self.sleep(limit)? {
                    self.ask(out)?;
                }
            }
            Wait::Spin(limit) => {
                let started = Instant::now();
                while out.is_empty() && started.elapsed() < limit {
                    std::hint::spin_loop();
                    self.ask(out)?;
                }
            }
        }
        self.counts.packets += out.len() as u64;
        Ok(out.len())
    }

    /// Asks each socket once, the first one in turn.
    fn ask(&mut self, out: &mut Batch) -> io::Result<()> {
        let count = self.ports.len();
        for place in 0..count {
            let row = (self.first + place) % count;
            let port = &mut self.ports[row];
            let answer = match self.config.batched {
                true => many(port, &self.lines, &mut self.headers, &mut self.counts, out),
                false => one(port, &self.lines, &mut self.control, &mut self.counts, out),
            };
            match answer {
                Ok(()) | Err(Errno::EAGAIN | Errno::EINTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        self.first = (self.first + 1) % count.max(1);
        if count > 1 {
            out.sort();
        }
        Ok(())
    }

    /// Waits until a socket has something; false when the time was over or a signal came.
    fn sleep(&self, limit: std::time::Duration) -> io::Result<bool> {
        if self.ports.is_empty() {
            std::thread::sleep(limit);
            return Ok(false);
        }
        let last = self.ports.len() - 1;
        let mut waiting: [PollFd<'_>; SOCKETS_MAX] = std::array::from_fn(|row| {
            PollFd::new(self.ports[row.min(last)].socket.as_fd(), PollFlags::POLLIN)
        });
        let timeout = PollTimeout::try_from(limit).unwrap_or(PollTimeout::MAX);
        match poll(&mut waiting[..=last], timeout) {
            Ok(ready) => Ok(ready > 0),
            Err(Errno::EINTR) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

/// Reads one packet.
fn one(
    port: &mut Port,
    lines: &[Option<Join>],
    control: &mut [u8],
    counts: &mut Counts,
    out: &mut Batch,
) -> nix::Result<()> {
    let Batch { bytes, stride, used, heads } = out;
    let Some(slot) = bytes.chunks_exact_mut(*stride).nth(*used) else { return Ok(()) };
    let mut slices = [IoSliceMut::new(slot)];
    let fd = port.socket.as_raw_fd();
    let message = recvmsg::<SockaddrIn>(fd, &mut slices, Some(control), MsgFlags::MSG_DONTWAIT)?;
    take(&message, *used, port, lines, counts, heads, &mut None);
    *used += 1;
    Ok(())
}

/// Reads as many as there are and fit.
fn many(
    port: &mut Port,
    lines: &[Option<Join>],
    headers: &mut Headers,
    counts: &mut Counts,
    out: &mut Batch,
) -> nix::Result<()> {
    let Batch { bytes, stride, used, heads } = out;
    let room = BATCH_PACKETS - *used;
    if room == 0 {
        return Ok(());
    }
    let mut fresh = headers.take();
    let mut slots = bytes.chunks_exact_mut(*stride).skip(*used);
    let mut slices: [[IoSliceMut<'_>; 1]; BATCH_PACKETS] =
        std::array::from_fn(|_| [IoSliceMut::new(slots.next().unwrap_or_default())]);
    let fd = port.socket.as_raw_fd();
    let answer = recvmmsg(fd, &mut fresh, slices[..room].iter_mut(), MsgFlags::MSG_DONTWAIT, None);
    match answer {
        Ok(messages) => {
            let mut now = None;
            for message in messages {
                take(&message, *used, port, lines, counts, heads, &mut now);
                *used += 1;
            }
            Ok(())
        }
        Err(error) => {
            headers.0 = Some(fresh);
            Err(error)
        }
    }
}

/// Turns a message into a packet of one of our lines.
fn take(
    message: &RecvMsg<'_, '_, SockaddrIn>,
    slot: usize,
    port: &mut Port,
    lines: &[Option<Join>],
    counts: &mut Counts,
    heads: &mut Vec<Head>,
    now: &mut Option<Nanos>,
) {
    let beside = beside(message);
    if let Some(dropped) = beside.dropped {
        let lost = dropped.wrapping_sub(port.dropped);
        port.dropped = dropped;
        port.owed = port.owed.saturating_add(lost);
        counts.lost += u64::from(lost);
    }
    if message.flags.contains(MsgFlags::MSG_TRUNC) {
        counts.too_long += 1;
        return;
    }
    let line = beside.destination.and_then(|ip| {
        let destination = Endpoint { ip, port: port.port };
        let row = lines.iter().position(|line| line.is_some_and(|line| line.group == destination))?;
        Some((row, destination))
    });
    let (Some((line, destination)), Some(source)) = (line, message.address) else {
        counts.strangers += 1;
        return;
    };
    let (received_at, stamp) = beside.time.unwrap_or_else(|| (*now.get_or_insert_with(clock), Stamp::Return));
    heads.push(Head {
        slot,
        length: message.bytes,
        received_at,
        stamp,
        source: Endpoint { ip: source.ip().octets(), port: source.port() },
        destination,
        line,
        lost_before: std::mem::take(&mut port.owed),
    });
}

fn beside(message: &RecvMsg<'_, '_, SockaddrIn>) -> Beside {
    let mut beside = Beside::default();
    let Ok(messages) = message.cmsgs() else { return beside };
    for message in messages {
        if let ControlMessageOwned::ScmTimestampns(time) = message {
            beside.time = Some((nanos(time), Stamp::Kernel));
        } else if let ControlMessageOwned::ScmTimestampsns(times) = message {
            beside.time = [(times.hw_raw, Stamp::Hardware), (times.system, Stamp::Kernel)]
                .into_iter()
                .map(|(time, stamp)| (nanos(time), stamp))
                .find(|(time, _)| *time != Nanos(0));
        } else if let ControlMessageOwned::Ipv4PacketInfo(info) = message {
            beside.destination = Some(info.ipi_addr.s_addr.to_ne_bytes());
        } else if let ControlMessageOwned::RxqOvfl(dropped) = message {
            beside.dropped = Some(dropped);
        }
    }
    beside
}

fn nanos(time: TimeSpec) -> Nanos {
    Nanos(time.tv_sec() * 1_000_000_000 + time.tv_nsec())
}

/// The same clock as the kernel's stamps: the system's time of day.
fn clock() -> Nanos {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Nanos(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}

impl std::fmt::Debug for Receiver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Receiver")
            .field("lines", &self.lines)
            .field("sockets", &self.ports.len())
            .field("counts", &self.counts)
            .finish_non_exhaustive()
    }
}
