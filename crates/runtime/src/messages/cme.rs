//! MDP 3.0 packets of a capture, both copies of each.

use super::{Field, Group, Message, Packet, Told, Word, number};
use crate::source::{Bytes, Datagrams, SourceError};
use net::capture::Datagram;
use types::Nanos;
use venues::Fault;
use venues::cme::{Header, Said, Value, describe};

pub(super) fn tell(name: &str, bytes: Bytes, tell: &mut dyn FnMut(Told) -> bool) -> Result<(), SourceError> {
    let mut datagrams = Datagrams::new(name, bytes);
    let mut found = Vec::new();
    while let Some(datagram) = datagrams.next() {
        match datagram? {
            Ok(datagram) => packet(&datagram, &mut found),
            Err(fault) => found.push(Told::Fault(fault)),
        }
        if !found.drain(..).all(&mut *tell) {
            return Ok(());
        }
    }
    Ok(())
}

fn packet(datagram: &Datagram<'_>, found: &mut Vec<Told>) {
    let about = Header::read(datagram.payload).map(|header| Packet {
        sequence: u64::from(header.sequence),
        line: datagram.destination.to_string(),
        received_at: datagram.received_at,
        sent_at: i64::try_from(header.sending_time).ok().map(Nanos),
        session: None,
    });
    let mut open: Option<Message> = None;
    let said = describe(datagram.payload, &mut |said| match said {
        Said::Message { message, schema } => {
            let name = match schema {
                Some(schema) => schema.name.into(),
                None => format!("template {} of schema version {}", message.template, message.version).into(),
            };
            let fresh = Message {
                offset: datagram.offset,
                packet: about.clone(),
                name,
                fields: Vec::new(),
                groups: Vec::new(),
            };
            found.extend(open.replace(fresh).map(Told::Message));
        }
        Said::Group { schema, count: _ } => {
            if let Some(message) = &mut open {
                message.groups.push((schema.name.into(), Vec::new()));
            }
        }
        Said::Entry(_) => {
            if let Some((_, entries)) = open.as_mut().and_then(|message| message.groups.last_mut()) {
                entries.push(Vec::new());
            }
        }
        Said::Field { schema, value } => {
            if let Some(message) = &mut open {
                innermost(message).push((schema.name.into(), word(value)));
            }
        }
    });
    found.extend(open.map(Told::Message));
    if let Err(damage) = said {
        let (offset, skipped) = (datagram.offset, (datagram.payload.len() - damage.at) as u64);
        let what = format!("{}, {} bytes into the payload", damage.what, damage.at);
        found.push(Told::Fault(Fault { offset, skipped, what }));
    }
}

/// Where the next field belongs: to the entry that began last, else to the message.
fn innermost(message: &mut Message) -> &mut Vec<Field> {
    let entry = message.groups.last_mut().and_then(|(_, entries): &mut Group| entries.last_mut());
    entry.unwrap_or(&mut message.fields)
}

fn word(value: Value<'_>) -> Word {
    match value {
        Value::Null => Word::Null,
        Value::Unsigned(value) => number(value),
        Value::Signed(value) => number(value),
        Value::Decimal { .. }
        | Value::Char(_)
        | Value::Text(_)
        | Value::Month(_)
        | Value::Word(..)
        | Value::Set(..)
        | Value::Constant(_) => Word::Text(value.to_string()),
    }
}
