//! SoupBinTCP 3.00: numbered messages over a stream, from where one left off.
//!
//! ```text
//!   Packet Length (2): all that follows │ Packet Type (1) │ Payload
//!
//!   client:  Down ──connected──▶ LoggingIn ──A──▶ Up ──Z──▶ Ended
//!              ▲                     │ J ──▶ Refused
//!              └── disconnected ─────┴────────────┘
//! ```
//!
//! Owns the packets of both directions and both ends' state: login, heartbeats, and the number of the next message,
//! which is never sent but counted from the one the login was answered with. Never opens a socket, never reads a
//! clock, never holds bytes: whoever reads the stream keeps what was not taken, and gives it again with more behind.

use types::Nanos;

/// A side that has said nothing for as long says that it is there ("Heartbeats").
pub const HEARTBEAT: Nanos = Nanos::from_secs(1);
/// A side that was not heard for as long is gone ("Heartbeats").
pub const SILENCE_MAX: Nanos = Nanos::from_secs(15);

const BLANK: [u8; 10] = [b' '; 10];

/// Why a server lets nobody in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// `A`: user name and password are none it knows.
    NotAuthorized,
    /// `S`: there is no such session.
    SessionNotAvailable,
    /// A code we do not know.
    Other(u8),
}

impl Refusal {
    const fn read(code: u8) -> Self {
        match code {
            b'A' => Self::NotAuthorized,
            b'S' => Self::SessionNotAvailable,
            other => Self::Other(other),
        }
    }

    const fn code(self) -> u8 {
        match self {
            Self::NotAuthorized => b'A',
            Self::SessionNotAvailable => b'S',
            Self::Other(code) => code,
        }
    }
}

/// What a client logs in with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Login {
    /// Padded with spaces on the right.
    pub username: [u8; 6],
    /// Padded with spaces on the right.
    pub password: [u8; 10],
    /// The session, padded with spaces on the left; blank for the one that is active.
    pub session: [u8; 10],
    /// The number of the first message wanted; 0 for the next to be made.
    pub sequence: u64,
}

/// Never shows the password.
impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Login")
            .field("username", &self.username.escape_ascii().to_string())
            .field("session", &self.session.escape_ascii().to_string())
            .field("sequence", &self.sequence)
            .finish_non_exhaustive()
    }
}

/// A packet from a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FromServer<'a> {
    /// `+`: text for people.
    Debug(&'a [u8]),
    /// `A`: come in.
    LoginAccepted {
        /// The session.
        session: [u8; 10],
        /// The number of the next message.
        sequence: u64,
    },
    /// `J`: stay out; the server closes the connection.
    LoginRejected(Refusal),
    /// `S`: the next message.
    Sequenced(&'a [u8]),
    /// `U`: a message without a number.
    Unsequenced(&'a [u8]),
    /// `H`: still there.
    Heartbeat,
    /// `Z`: the session is over; the server closes the connection.
    EndOfSession,
}

/// A packet from a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FromClient<'a> {
    /// `+`: text for people.
    Debug(&'a [u8]),
    /// `L`: may I come in?
    LoginRequest(Login),
    /// `U`: a message.
    Unsequenced(&'a [u8]),
    /// `R`: still there.
    Heartbeat,
    /// `O`: goodbye.
    LogoutRequest,
}

/// What lies at the start of some bytes of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Read<T> {
    /// A packet, and how many bytes it takes.
    Packet(T, usize),
    /// The start of one.
    More,
    /// Nothing of this protocol: the connection is of no use any more.
    Damage(&'static str),
}

/// Type and payload of the packet at the start of `bytes`.
fn frame(bytes: &[u8]) -> Read<(u8, &[u8])> {
    let Some((length, rest)) = bytes.split_first_chunk() else { return Read::More };
    let length = usize::from(u16::from_be_bytes(*length));
    match rest.get(..length) {
        None => Read::More,
        Some([]) => Read::Damage("a packet without a type"),
        Some([kind, payload @ ..]) => Read::Packet((*kind, payload), 2 + length),
    }
}

fn put(out: &mut Vec<u8>, kind: u8, payload: &[&[u8]]) {
    let length = 1 + payload.iter().map(|part| part.len()).sum::<usize>();
    let length = u16::try_from(length).expect("a payload of at most 65,534 bytes");
    out.extend_from_slice(&length.to_be_bytes());
    out.push(kind);
    payload.iter().for_each(|part| out.extend_from_slice(part));
}

/// A number in ASCII, spaces on the left.
fn number(text: &[u8; 20]) -> Option<u64> {
    let digits = text.trim_ascii();
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    digits.iter().try_fold(0_u64, |sum, digit| sum.checked_mul(10)?.checked_add(u64::from(digit - b'0')))
}

fn ascii(number: u64) -> [u8; 20] {
    let (mut text, mut rest) = ([b' '; 20], number);
    for place in text.iter_mut().rev() {
        *place = b'0' + (rest % 10).to_le_bytes()[0];
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    text
}

impl<'a> FromServer<'a> {
    /// The packet at the start of `bytes`.
    #[must_use]
    pub fn read(bytes: &'a [u8]) -> Read<Self> {
        let ((kind, payload), taken) = match frame(bytes) {
            Read::Packet(packet, taken) => (packet, taken),
            Read::More => return Read::More,
            Read::Damage(what) => return Read::Damage(what),
        };
        let packet = match (kind, payload) {
            (b'+', text) => Self::Debug(text),
            (b'A', answer) => match accepted(answer) {
                Some(packet) => packet,
                None => return Read::Damage("an accepted login without session and number"),
            },
            (b'J', [code]) => Self::LoginRejected(Refusal::read(*code)),
            (b'S', message) => Self::Sequenced(message),
            (b'U', message) => Self::Unsequenced(message),
            (b'H', []) => Self::Heartbeat,
            (b'Z', []) => Self::EndOfSession,
            _ => return Read::Damage("a packet type no server sends, or of the wrong length"),
        };
        Read::Packet(packet, taken)
    }

    /// Appends the packet.
    ///
    /// # Panics
    /// When its payload has more than 65,534 bytes.
    pub fn write(&self, out: &mut Vec<u8>) {
        match *self {
            Self::Debug(text) => put(out, b'+', &[text]),
            Self::LoginAccepted { session, sequence } => put(out, b'A', &[&session, &ascii(sequence)]),
            Self::LoginRejected(refusal) => put(out, b'J', &[&[refusal.code()]]),
            Self::Sequenced(message) => put(out, b'S', &[message]),
            Self::Unsequenced(message) => put(out, b'U', &[message]),
            Self::Heartbeat => put(out, b'H', &[]),
            Self::EndOfSession => put(out, b'Z', &[]),
        }
    }
}

fn accepted(answer: &[u8]) -> Option<FromServer<'_>> {
    let (session, sequence) = answer.split_first_chunk()?;
    let sequence = number(sequence.try_into().ok()?)?;
    Some(FromServer::LoginAccepted { session: *session, sequence })
}

impl<'a> FromClient<'a> {
    /// The packet at the start of `bytes`.
    #[must_use]
    pub fn read(bytes: &'a [u8]) -> Read<Self> {
        let ((kind, payload), taken) = match frame(bytes) {
            Read::Packet(packet, taken) => (packet, taken),
            Read::More => return Read::More,
            Read::Damage(what) => return Read::Damage(what),
        };
        let packet = match (kind, payload) {
            (b'+', text) => Self::Debug(text),
            (b'L', request) => match login(request) {
                Some(login) => Self::LoginRequest(login),
                None => return Read::Damage("a login that is cut, or asks for no number"),
            },
            (b'U', message) => Self::Unsequenced(message),
            (b'R', []) => Self::Heartbeat,
            (b'O', []) => Self::LogoutRequest,
            _ => return Read::Damage("a packet type no client sends, or of the wrong length"),
        };
        Read::Packet(packet, taken)
    }

    /// Appends the packet.
    ///
    /// # Panics
    /// When its payload has more than 65,534 bytes.
    pub fn write(&self, out: &mut Vec<u8>) {
        match *self {
            Self::Debug(text) => put(out, b'+', &[text]),
            Self::LoginRequest(login) => {
                put(out, b'L', &[&login.username, &login.password, &login.session, &ascii(login.sequence)]);
            }
            Self::Unsequenced(message) => put(out, b'U', &[message]),
            Self::Heartbeat => put(out, b'R', &[]),
            Self::LogoutRequest => put(out, b'O', &[]),
        }
    }
}

fn login(request: &[u8]) -> Option<Login> {
    let (username, rest) = request.split_first_chunk()?;
    let (password, rest) = rest.split_first_chunk()?;
    let (session, rest) = rest.split_first_chunk()?;
    let sequence = number(rest.try_into().ok()?)?;
    Some(Login { username: *username, password: *password, session: *session, sequence })
}

/// When one side last spoke, and last heard the other.
#[derive(Clone, Copy, Debug)]
struct Pulse {
    sent_at: Nanos,
    heard_at: Nanos,
}

/// What time brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alive {
    /// The other side was heard lately; nothing is to be done before this moment.
    Until(Nanos),
    /// It was not: close the connection.
    Silent,
}

impl Pulse {
    const fn new(now: Nanos) -> Self {
        Self { sent_at: now, heard_at: now }
    }

    /// Whether a heartbeat is due now, and how things stand.
    fn check(&mut self, now: Nanos) -> (bool, Alive) {
        if now - self.heard_at >= SILENCE_MAX {
            return (false, Alive::Silent);
        }
        let beat = now - self.sent_at >= HEARTBEAT;
        if beat {
            self.sent_at = now;
        }
        let (speak_at, gone_at) = (self.sent_at + HEARTBEAT, self.heard_at + SILENCE_MAX);
        (beat, Alive::Until(speak_at.min(gone_at)))
    }
}

/// Where a client stands; drawn in the module's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// No connection.
    Down,
    /// The login was sent.
    LoggingIn,
    /// Messages come.
    Up,
    /// The server said no. Another try needs another login.
    Refused,
    /// The session is over.
    Ended,
}

/// What a client hears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard<'a> {
    /// The login was accepted.
    Accepted {
        /// The session.
        session: [u8; 10],
        /// The number of the next message.
        sequence: u64,
        /// Whether it is another session than before: its numbers start anew, and so does its day.
        is_new: bool,
    },
    /// The server begins behind the message that was asked for: these will not come.
    Missing {
        /// The first of them.
        expected: u64,
        /// The first that will.
        received: u64,
    },
    /// The login was refused.
    Refused(Refusal),
    /// The next message.
    Message {
        /// Its number.
        sequence: u64,
        /// All of it.
        bytes: &'a [u8],
    },
    /// A message that was given before, on an earlier connection.
    Repeated {
        /// Its number.
        sequence: u64,
    },
    /// A message without a number.
    Unsequenced(&'a [u8]),
    /// Text for people.
    Debug(&'a [u8]),
    /// Still there.
    Heartbeat,
    /// The session is over.
    Ended,
}

/// Why a connection is of no use any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Broken(pub &'static str);

/// The client's end of a session, over as many connections as it takes.
#[derive(Debug)]
pub struct Client {
    login: Login,
    state: State,
    pulse: Pulse,
    /// The number of the next packet of type `S` on this connection.
    coming: u64,
    /// The number of the next message that was not given; 0 when any will do.
    next: u64,
    /// Told with the next packet taken.
    missing: Option<(u64, u64)>,
}

impl Client {
    /// A client that wants messages from `login.sequence` on.
    #[must_use]
    pub const fn new(login: Login) -> Self {
        Self {
            login,
            state: State::Down,
            pulse: Pulse::new(Nanos(0)),
            coming: 0,
            next: login.sequence,
            missing: None,
        }
    }

    /// Where it stands.
    #[must_use]
    pub const fn state(&self) -> State {
        self.state
    }

    /// The number of the next message that was not given yet.
    #[must_use]
    pub const fn next_sequence(&self) -> u64 {
        self.next
    }

    /// A connection was made: logs in, into the session it was in before, from where it left off.
    pub fn connected(&mut self, now: Nanos, out: &mut Vec<u8>) {
        self.state = State::LoggingIn;
        self.pulse = Pulse::new(now);
        self.missing = None;
        FromClient::LoginRequest(Login { sequence: self.next, ..self.login }).write(out);
    }

    /// The connection is gone.
    pub const fn disconnected(&mut self) {
        if matches!(self.state, State::LoggingIn | State::Up) {
            self.state = State::Down;
        }
    }

    /// Takes the packet at the start of `bytes`; `None` when they hold no whole one. To be called until then, with
    /// what it took cut off.
    ///
    /// # Errors
    /// When the bytes are none of this protocol, or what no server says in this state: close the connection.
    pub fn read<'a>(&mut self, now: Nanos, bytes: &'a [u8]) -> Result<Option<(usize, Heard<'a>)>, Broken> {
        if let Some((expected, received)) = self.missing.take() {
            return Ok(Some((0, Heard::Missing { expected, received })));
        }
        let (packet, taken) = match FromServer::read(bytes) {
            Read::Packet(packet, taken) => (packet, taken),
            Read::More => return Ok(None),
            Read::Damage(what) => return Err(Broken(what)),
        };
        self.pulse.heard_at = now;
        let heard = match (self.state, packet) {
            (State::LoggingIn | State::Up, FromServer::Debug(text)) => Heard::Debug(text),
            (State::LoggingIn | State::Up, FromServer::Heartbeat) => Heard::Heartbeat,
            (State::LoggingIn, FromServer::LoginAccepted { session, sequence }) => {
                self.accepted(session, sequence)
            }
            (State::LoggingIn, FromServer::LoginRejected(refusal)) => {
                self.state = State::Refused;
                Heard::Refused(refusal)
            }
            (State::Up, FromServer::Sequenced(message)) => self.sequenced(message),
            (State::Up, FromServer::Unsequenced(message)) => Heard::Unsequenced(message),
            (State::Up, FromServer::EndOfSession) => {
                self.state = State::Ended;
                Heard::Ended
            }
            (State::Down | State::LoggingIn | State::Up | State::Refused | State::Ended, _) => {
                return Err(Broken("a packet that no server sends at this point of a session"));
            }
        };
        Ok(Some((taken, heard)))
    }

    fn accepted<'a>(&mut self, session: [u8; 10], sequence: u64) -> Heard<'a> {
        let is_new = self.login.session != session && self.login.session != BLANK;
        self.state = State::Up;
        self.login.session = session;
        self.coming = sequence;
        if is_new || self.next == 0 {
            self.next = sequence;
        } else if sequence > self.next {
            self.missing = Some((self.next, sequence));
            self.next = sequence;
        }
        Heard::Accepted { session, sequence, is_new }
    }

    fn sequenced<'a>(&mut self, bytes: &'a [u8]) -> Heard<'a> {
        let sequence = self.coming;
        self.coming = sequence.saturating_add(1);
        if sequence < self.next {
            return Heard::Repeated { sequence };
        }
        self.next = self.coming;
        Heard::Message { sequence, bytes }
    }

    /// Time has passed: says that we are still there, when it is time to.
    pub fn poll(&mut self, now: Nanos, out: &mut Vec<u8>) -> Alive {
        if !matches!(self.state, State::LoggingIn | State::Up) {
            return Alive::Until(Nanos::MAX);
        }
        let (beat, alive) = self.pulse.check(now);
        if beat {
            FromClient::Heartbeat.write(out);
        }
        alive
    }

    /// Sends a message, which has no number and may be lost with the connection.
    ///
    /// # Panics
    /// When it has more than 65,534 bytes.
    pub fn send(&mut self, now: Nanos, message: &[u8], out: &mut Vec<u8>) {
        self.pulse.sent_at = now;
        FromClient::Unsequenced(message).write(out);
    }

    /// Says goodbye; the server closes the connection.
    pub fn log_out(&mut self, now: Nanos, out: &mut Vec<u8>) {
        self.pulse.sent_at = now;
        FromClient::LogoutRequest.write(out);
    }
}

/// The server's end of one connection. Which messages there are is its owner's business.
#[derive(Debug)]
pub struct Server {
    pulse: Pulse,
    is_up: bool,
}

impl Server {
    /// A connection was made.
    #[must_use]
    pub const fn new(now: Nanos) -> Self {
        Self { pulse: Pulse::new(now), is_up: false }
    }

    /// Takes the packet at the start of `bytes`; `None` when they hold no whole one.
    ///
    /// # Errors
    /// When the bytes are none of this protocol, or a client speaks out of turn.
    pub fn read<'a>(
        &mut self,
        now: Nanos,
        bytes: &'a [u8],
    ) -> Result<Option<(usize, FromClient<'a>)>, Broken> {
        match FromClient::read(bytes) {
            Read::More => Ok(None),
            Read::Damage(what) => Err(Broken(what)),
            Read::Packet(packet, taken) => {
                let is_login = matches!(packet, FromClient::LoginRequest(_));
                let is_early = matches!(packet, FromClient::Unsequenced(_)) && !self.is_up;
                if is_early || is_login && self.is_up {
                    return Err(Broken("a packet that no client sends at this point of a session"));
                }
                self.pulse.heard_at = now;
                Ok(Some((taken, packet)))
            }
        }
    }

    /// Lets the client in; the next message it is sent has this number.
    pub fn accept(&mut self, now: Nanos, session: [u8; 10], sequence: u64, out: &mut Vec<u8>) {
        self.is_up = true;
        self.say(now, FromServer::LoginAccepted { session, sequence }, out);
    }

    /// Says something.
    ///
    /// # Panics
    /// When its payload has more than 65,534 bytes.
    pub fn say(&mut self, now: Nanos, packet: FromServer<'_>, out: &mut Vec<u8>) {
        self.pulse.sent_at = now;
        packet.write(out);
    }

    /// Time has passed: says that it is still there, when it is time to.
    pub fn poll(&mut self, now: Nanos, out: &mut Vec<u8>) -> Alive {
        let (beat, alive) = self.pulse.check(now);
        if beat && self.is_up {
            FromServer::Heartbeat.write(out);
        }
        alive
    }
}
