//! `quoin inspect --messages`: each message of a recording, field by field. Written as it is read: a day does not fit.

use anyhow::bail;
use runtime::messages::{Field, Message, Packet, Told, Word, messages};
use runtime::moment::rfc3339;
use runtime::source::Recording;
use serde_json::{Map, Value, json};
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

/// Shows at most `limit` messages of each recording; as JSON, one object a line.
pub(crate) fn run(files: &[PathBuf], limit: Option<u64>, as_json: bool) -> anyhow::Result<ExitCode> {
    let mut out = BufWriter::new(io::stdout().lock());
    for path in files {
        if path.is_dir() {
            bail!(
                "{} is a folder; messages are shown of recordings, `quoin query --events` shows history",
                path.display()
            );
        }
        let mut shown = Shown { left: limit.unwrap_or(u64::MAX), packet: None, as_json };
        if !as_json && files.len() > 1 {
            writeln!(out, "\n{}", path.display())?;
        }
        let mut failed = None;
        if shown.left > 0 {
            messages(&Recording::File(path.clone()), &mut |told| match shown.tell(&told, &mut out) {
                Ok(more) => more,
                Err(error) => {
                    failed = Some(error);
                    false
                }
            })?;
        }
        if let Some(error) = failed {
            return Err(error.into());
        }
        out.flush()?;
    }
    Ok(ExitCode::SUCCESS)
}

struct Shown {
    left: u64,
    /// Of the message before: where its packet lies.
    packet: Option<u64>,
    as_json: bool,
}

impl Shown {
    /// Whether more is wanted.
    fn tell(&mut self, told: &Told, out: &mut impl Write) -> io::Result<bool> {
        match told {
            Told::Message(message) => {
                self.left -= 1;
                if self.as_json {
                    writeln!(out, "{}", object(message))?;
                } else {
                    self.lines(message, out)?;
                }
            }
            Told::Fault(fault) if self.as_json => writeln!(
                out,
                "{}",
                json!({"offset": fault.offset, "bytes_skipped": fault.skipped, "fault": fault.what})
            )?,
            Told::Fault(fault) => writeln!(out, "{fault}")?,
            Told::Nothing(why) if self.as_json => writeln!(out, "{}", json!({"nothing": why}))?,
            Told::Nothing(why) => writeln!(out, "nothing to show: {why}")?,
        }
        Ok(self.left > 0)
    }

    /// A line for the packet when it is another, one for the message, one for each entry of its groups.
    fn lines(&mut self, message: &Message, out: &mut impl Write) -> io::Result<()> {
        match &message.packet {
            Some(packet) if self.packet != Some(message.offset) => {
                self.packet = Some(message.offset);
                writeln!(out, "{}", heading(packet, message.offset))?;
            }
            Some(_) | None => {}
        }
        let place =
            if message.packet.is_some() { "  ".into() } else { format!("at byte {}: ", message.offset) };
        writeln!(out, "{place}{}{}", message.name, pairs(&message.fields))?;
        for (name, entries) in &message.groups {
            if entries.is_empty() {
                writeln!(out, "    {name}: none")?;
            }
            for (entry, number) in entries.iter().zip(1_u64..) {
                writeln!(out, "    {name} {number}:{}", pairs(entry))?;
            }
        }
        Ok(())
    }
}

fn heading(packet: &Packet, offset: u64) -> String {
    let Packet { sequence, line, received_at, sent_at, session } = packet;
    let session = session.as_ref().map(|session| format!(" of session {session}")).unwrap_or_default();
    let sent = sent_at.map(|at| format!(", sent {}", rfc3339(at))).unwrap_or_default();
    format!("packet {sequence}{session} at byte {offset}, received {} on {line}{sent}", rfc3339(*received_at))
}

fn pairs(fields: &[Field]) -> String {
    fields.iter().map(|(name, word)| format!("  {name}={}", text(word))).collect()
}

fn text(word: &Word) -> String {
    match word {
        Word::Null => "null".into(),
        Word::Number(number) => number.to_string(),
        Word::Text(text) => text.clone(),
    }
}

fn object(message: &Message) -> Value {
    let mut object = Map::new();
    object.insert("offset".into(), message.offset.into());
    if let Some(packet) = &message.packet {
        let mut about = json!({
            "sequence": packet.sequence,
            "line": packet.line,
            "received_at_ns": packet.received_at,
        });
        let more = [
            ("sent_at_ns", packet.sent_at.map(|at| json!(at))),
            ("session", packet.session.as_ref().map(|session| json!(session))),
        ];
        for (name, value) in more.into_iter().filter_map(|(name, value)| Some((name, value?))) {
            about[name] = value;
        }
        object.insert("packet".into(), about);
    }
    object.insert("message".into(), message.name.as_ref().into());
    object.insert("fields".into(), members(&message.fields));
    let groups = message
        .groups
        .iter()
        .map(|(name, entries)| (name.to_string(), entries.iter().map(|entry| members(entry)).collect()));
    object.insert("groups".into(), Value::Object(groups.collect()));
    Value::Object(object)
}

fn members(fields: &[Field]) -> Value {
    let member = |(name, word): &Field| (name.to_string(), value(word));
    Value::Object(fields.iter().map(member).collect())
}

/// JSON's numbers are as large as its readers make them: what 64 bits hold is one.
fn value(word: &Word) -> Value {
    match word {
        Word::Null => Value::Null,
        Word::Number(number) => match (i64::try_from(*number), u64::try_from(*number)) {
            (Ok(number), _) => number.into(),
            (_, Ok(number)) => number.into(),
            _ => number.to_string().into(),
        },
        Word::Text(text) => text.as_str().into(),
    }
}
