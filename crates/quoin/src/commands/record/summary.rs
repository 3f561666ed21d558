//! What a recording was, when it is over: for people, and as JSON.

use super::clock::Clock;
use super::files::Files;
use super::history::Outcome;
use super::lines::Lines;
use super::sequences::Sequences;
use crate::terminal::{self, grouped};
use net::multicast::Counts;
use reports::number;
use serde_json::json;

pub(crate) struct Summary<'a> {
    pub(crate) lines: &'a Lines,
    pub(crate) counts: Counts,
    /// Packets that the kernel lost and no packet told.
    pub(crate) untold: u64,
    pub(crate) clock: &'a Clock,
    pub(crate) files: &'a Files,
    pub(crate) sequences: &'a Sequences,
    pub(crate) imports: &'a [Outcome],
}

impl Summary<'_> {
    pub(crate) fn json(&self) -> String {
        let lines = self.lines.all().iter().zip(self.sequences.lines()).map(|(line, count)| {
            json!({"line": line.name, "packets": count.packets, "bytes": count.bytes, "clock": count.clock})
        });
        let channels = self.sequences.channels().map(|channel| {
            json!({
                "channel": channel.name,
                "lost": channel.lost,
                "gaps": channel.gaps,
                "duplicate": channel.duplicate,
                "damaged": channel.damaged,
                "books_doubted": channel.doubted,
                "silences": channel.silences,
            })
        });
        let files = self.files.written().iter().map(|file| {
            json!({"path": file.path.display().to_string(), "packets": file.packets, "bytes": file.bytes})
        });
        let history = self.imports.iter().map(|outcome| {
            let path = outcome.path.display().to_string();
            match &outcome.import {
                Ok((number, events)) => json!({"path": path, "import": number, "events": events}),
                Err(why) => json!({"path": path, "error": why}),
            }
        });
        let answer = json!({
            "packets": self.counts.packets,
            "lost_by_kernel": self.counts.lost + self.untold,
            "too_long": self.counts.too_long,
            "strangers": self.counts.strangers,
            "clock": self.clock_json(),
            "lines": lines.collect::<Vec<_>>(),
            "channels": channels.collect::<Vec<_>>(),
            "files": files.collect::<Vec<_>>(),
            "history": history.collect::<Vec<_>>(),
        });
        format!("{answer:#}\n")
    }

    fn clock_json(&self) -> serde_json::Value {
        let counts = self.clock.counts();
        json!({
            "state": self.clock.state(),
            "alarms": counts.told,
            "steps": counts.stepped,
            "steps_smeared": counts.smeared,
            "worst_divergence_ns": counts.worst.0,
        })
    }

    pub(crate) fn text(&self) -> String {
        let mut text = format!("{}\n\n{}\n\n{}\n\n", self.by_line(), self.by_channel(), self.not_recorded());
        for file in self.files.written() {
            let span = number::span(file.last - file.first);
            text.push_str(&format!(
                "{}: {} packets over {span}, {} bytes{}\n",
                file.path.display(),
                grouped(file.packets),
                grouped(file.bytes),
                self.import_of(&file.path)
            ));
        }
        let clock = self.clock.counts();
        if clock.told > 0 {
            text.push_str(&format!(
                "The system's clock was {} from the recording's at worst, with {} steps; receive times are by the \
                 recording's.\n",
                number::span(clock.worst),
                grouped(clock.stepped + clock.smeared)
            ));
        }
        if self.files.written().is_empty() {
            text.push_str("Nothing arrived, and no file was written.\n");
        }
        text
    }

    fn by_line(&self) -> impl std::fmt::Display {
        let mut table = terminal::table(&["line", "packets", "bytes", "clock"]);
        for (line, count) in self.lines.all().iter().zip(self.sequences.lines()) {
            let cells = [line.name.clone(), grouped(count.packets), grouped(count.bytes), count.clock.into()];
            terminal::row(&mut table, cells);
        }
        table
    }

    fn by_channel(&self) -> impl std::fmt::Display {
        let headings =
            ["channel", "lost by sequence", "gaps", "duplicate", "unreadable", "doubted", "silent"];
        let mut table = terminal::table(&headings);
        for channel in self.sequences.channels() {
            let counts = [
                channel.lost,
                channel.gaps,
                channel.duplicate,
                channel.damaged,
                channel.doubted,
                channel.silences,
            ];
            terminal::row(&mut table, std::iter::once(channel.name).chain(counts.map(grouped)));
        }
        table
    }

    fn not_recorded(&self) -> impl std::fmt::Display {
        let mut table = terminal::table(&["not recorded", "packets"]);
        for (what, count) in [
            ("lost by the kernel", self.counts.lost + self.untold),
            ("longer than a frame", self.counts.too_long),
            ("to other lines", self.counts.strangers),
        ] {
            terminal::row(&mut table, [what.to_string(), grouped(count)]);
        }
        table
    }

    fn import_of(&self, path: &std::path::Path) -> String {
        match self.imports.iter().find(|outcome| outcome.path == path).map(|outcome| &outcome.import) {
            Some(Ok((number, events))) => format!("; import {number}: {} events", grouped(*events)),
            Some(Err(_)) => "; not in the history".into(),
            None => String::new(),
        }
    }
}
