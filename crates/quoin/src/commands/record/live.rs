//! One line that says how the recording goes: on a terminal it is written over, in a log it comes every ten seconds.

use super::history::History;
use super::sequences::{ChannelCount, Sequences};
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
    pub(crate) fn show(&mut self, counts: Counts, sequences: &Sequences, history: Option<&History>) {
        let span = self.shown_at.elapsed();
        if self.bar.is_none() && span < LOG_EVERY {
            return;
        }
        let mut text = line(counts, span, counts.packets - self.packets, sequences);
        if let Some(history) = history {
            text.push_str(&format!("; {}", history.shown()));
        }
        (self.shown_at, self.packets) = (Instant::now(), counts.packets);
        match &self.bar {
            Some(bar) => {
                bar.set_message(text);
                bar.tick();
            }
            None => eprintln!("{text}"),
        }
    }

    /// What does not wait for the next line.
    pub(crate) fn say(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| eprintln!("{text}")),
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
    let channels: Vec<ChannelCount> = sequences.channels().collect();
    let some = |of: fn(&ChannelCount) -> u64| -> Vec<String> {
        let with = channels.iter().filter(|channel| of(channel) > 0);
        with.map(|channel| format!("{}: {}", channel.name, grouped(of(channel)))).collect()
    };
    let lost = some(|channel| channel.lost);
    let lost = if lost.is_empty() { "none".to_string() } else { lost.join(", ") };
    text.push_str(&format!("; by sequence {lost}"));
    let doubted = some(|channel| channel.doubted);
    if !doubted.is_empty() {
        text.push_str(&format!("; books doubted {}", doubted.join(", ")));
    }
    for channel in &channels {
        if let Some(span) = channel.silent_for {
            text.push_str(&format!("; {} SILENT for {} s", channel.name, span.as_secs()));
        }
    }
    let quiet = sequences.lines().iter().filter(|line| line.packets == 0).count();
    if quiet > 0 {
        text.push_str(&format!("; nothing yet on {quiet} of {} lines", sequences.lines().len()));
    }
    text
}
