//! Every message of a recording in words: field by field, named as the venue or vendor names them.
//!
//! For people and for tools, and not for speed. Reads what it can of a damaged recording, and says what it could not.
//! Never builds a book, never drops a second copy: what is in the file is shown.

mod cme;
mod dbn;
mod itch;

use crate::source::{Kind, Progress, Recording, SourceError, kind};
use std::borrow::Cow;
use types::Nanos;
use venues::Fault;

/// What a field says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Word {
    /// Nothing, in the language of the format.
    Null,
    /// A whole number.
    Number(i128),
    /// Anything else, in words; decimals with all their digits.
    Text(String),
}

/// A field's name and what it says.
pub type Field = (Cow<'static, str>, Word);

/// A repeating group: its name, and each entry's fields.
pub type Group = (Cow<'static, str>, Vec<Vec<Field>>);

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Where its packet or record starts, in bytes of the (decompressed) file.
    pub offset: u64,
    /// What it came in, where it came in a packet.
    pub packet: Option<Packet>,
    /// What it is called.
    pub name: Cow<'static, str>,
    /// Its own fields.
    pub fields: Vec<Field>,
    /// What repeats.
    pub groups: Vec<Group>,
}

/// What a message came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    /// Its number.
    pub sequence: u64,
    /// Where it was sent to.
    pub line: String,
    /// When it was captured.
    pub received_at: Nanos,
    /// When it says that it was sent.
    pub sent_at: Option<Nanos>,
    /// Whose numbering it has, where it says so.
    pub session: Option<String>,
}

/// What there is to tell.
#[derive(Debug)]
pub enum Told {
    /// A message.
    Message(Message),
    /// Something that cannot be read.
    Fault(Fault),
    /// Said once of a recording that holds neither: why there is nothing.
    Nothing(String),
}

/// Gives each message of a recording to `tell`, in the order of the file, until it has had enough (false).
///
/// # Errors
/// When the recording cannot be read, or is of a format whose messages are not shown.
pub fn messages(recording: &Recording, tell: &mut dyn FnMut(Told) -> bool) -> Result<(), SourceError> {
    let (kind, bytes) = kind(recording, &Progress::default())?;
    let name = recording.name();
    let mut is_empty = true;
    let each = &mut |told| {
        is_empty = false;
        tell(told)
    };
    let why = match kind {
        Kind::Mdp => {
            cme::tell(&name, bytes, each)?;
            "no message of MDP 3.0 in the capture's UDP datagrams, if it has any; TCP is not shown".into()
        }
        Kind::Mold => {
            itch::tell_packets(&name, bytes, each)?;
            "only heartbeats: no packet has a message".into()
        }
        Kind::Itch(framing) => {
            itch::tell_file(&name, bytes, framing, each)?;
            "no message in the file".into()
        }
        Kind::Dbn { header } => dbn::tell(&name, bytes, header, each)?,
        Kind::Other => return Err(SourceError::Format {
            name,
            what: "messages are shown of captures of CME MDP 3.0 and of NASDAQ MoldUDP64, of files of NASDAQ ITCH 5.0 \
                   and of Databento DBN; without --messages, `quoin inspect` shows what is in any format"
                .into(),
        }),
    };
    if is_empty {
        tell(Told::Nothing(why));
    }
    Ok(())
}

fn number(value: impl Into<i128>) -> Word {
    Word::Number(value.into())
}
