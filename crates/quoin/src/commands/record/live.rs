//! One line that says how the recording goes: on a terminal it is written over, in a log it comes every ten seconds.

use super::sequences::Sequences;
use crate::terminal::grouped;
use indicatif::ProgressBar;
use net::multicast::Counts;
use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

const LOG_EVERY: Duration = Duration::from_secs(10);

pub(crate) struct Live {
    bar: Option<ProgressBar>,
    shown_at: Instant,
    packets: u64,
}

impl Live {
    pub(crate) fn new() -> Self {
        let bar = std::io::stderr().is_terminal().then(ProgressBar::new_spinner);
        Self { bar, shown_at: Instant::now(), packets: 0 }
    }

    /// Time has passed.
    pub(crate) fn show(&mut self, counts: Counts, sequences: &Sequences) {
        let span = self.shown_at.elapsed();
        if self.bar.is_none() && span < LOG_EVERY {
            return;
        }
        let text = line(counts, span, counts.packets - self.packets, sequences);
        (self.shown_at, self.packets) = (Instant::now(), counts.packets);
        match &self.bar {
            Some(bar) => {
                bar.set_message(text);
                bar.tick();
            }
            None => eprintln!("{text}"),
        }
    }

    pub(crate) fn clear(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn line(counts: Counts, span: Duration, fresh: u64, sequences: &Sequences) -> String {
    let nanos = span.as_nanos().max(1);
    let rate = u64::try_from(u128::from(fresh) * 1_000_000_000 / nanos).unwrap_or(u64::MAX);
    let mut text = format!(
        "{} packets, {} a second; lost by the kernel {}",
        grouped(counts.packets),
        grouped(rate),
        grouped(counts.lost)
    );
    let lost: Vec<String> = sequences
        .channels()
        .filter(|channel| channel.lost > 0)
        .map(|channel| format!("{}: {}", channel.name, grouped(channel.lost)))
        .collect();
    let lost = if lost.is_empty() { "none".to_string() } else { lost.join(", ") };
    text.push_str(&format!("; by sequence {lost}"));
    text
}
