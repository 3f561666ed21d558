//! Archives that are text: LEAN's files, tables of anybody's, Tardis's normalised messages, recorded sessions.

mod lean;
mod normalised;
mod session;
mod ticks;

use types::{Bar, Event, Flags, LevelAction, Ticks};
use venues::{Decode, Directory, Output};

#[global_allocator]
static ALLOCATOR: testkit::allocations::Counting = testkit::allocations::Counting;

/// What a decoder made of a text.
struct Fed {
    out: Output,
    names: Vec<(String, String)>,
    counts: Vec<(String, u64)>,
}

impl Fed {
    fn count(&self, name: &str) -> u64 {
        self.counts.iter().find(|(known, _)| known == name).map_or(0, |(_, count)| *count)
    }

    fn faults(&self) -> Vec<&str> {
        self.out.faults.iter().map(|fault| fault.what.as_str()).collect()
    }

    /// Every event on a line of its own: receive time, instrument, what.
    fn shown(&self) -> Vec<String> {
        let name = |event: &Event| {
            let id = event.instrument().expect("every event here is about one");
            let (venue, symbol) = &self.names[id.index()];
            format!("{venue}/{symbol}")
        };
        let arrivals = self.out.arrivals.iter().enumerate();
        arrivals
            .map(|(place, arrival)| {
                let what = if let Event::Bar { seconds, bar } = &arrival.event {
                    show_bar(*seconds, bar, self.out.bar_prices(place, bar))
                } else {
                    show(&arrival.event)
                };
                format!("{} {} {what}", arrival.received_at.0, name(&arrival.event))
            })
            .collect()
    }
}

fn number(nanos: i64) -> String {
    stdx::decimal::Display(nanos).to_string()
}

fn show_bar(seconds: u32, bar: &Bar, prices: [Ticks; 4]) -> String {
    let prices = prices.map(|price| number(price.0)).join(" ");
    format!("bar {seconds} s from {}: {prices} x {}", bar.venue_at.0, number(bar.volume.0))
}

/// An event in nanos: what a survey's directory counts in.
fn show(event: &Event) -> String {
    let flags = |flags: Flags| {
        let marks = [(Flags::SNAPSHOT, "*"), (Flags::HIDDEN, "h"), (Flags::LAST, ".")];
        marks.iter().filter(|(mark, _)| flags.has(*mark)).map(|(_, sign)| *sign).collect::<String>()
    };
    match event {
        Event::Level(e) => {
            let side = ["bid", "ask"][e.side.index()];
            let (price, size) = (number(e.price.0), number(e.size.0));
            let what = match e.action {
                LevelAction::Set => format!("{side} {price} x {size}"),
                LevelAction::Delete => format!("{side} {price} gone"),
                LevelAction::Clear => "clear".into(),
                LevelAction::DeleteThru | LevelAction::DeleteFrom => "never".into(),
            };
            format!("{what} {}", flags(e.flags))
        }
        Event::Trade(e) => {
            let side = e.aggressor.map_or("?".into(), |side| side.to_string());
            format!("trade {} x {} {side} #{} {}", number(e.price.0), number(e.size.0), e.id, flags(e.flags))
        }
        Event::Statistic(e) => format!("{} {} x {}", e.kind.name(), number(e.value), number(e.size.0)),
        Event::Order(_)
        | Event::Status(_)
        | Event::Gap(_)
        | Event::Report(_)
        | Event::Timer(_)
        | Event::Operator(_)
        | Event::Cash(_)
        | Event::Session(_)
        | Event::DropCopy(_)
        | Event::Clock(_)
        | Event::QuoteRequest(_)
        | Event::TradeBust(_)
        | Event::Bar { .. } => event.kind().to_string(),
    }
}

fn feed(decoder: &mut dyn Decode, bytes: &[u8], step: usize) -> Fed {
    let (mut directory, mut out) = (Directory::survey(), Output::default());
    let mut window = Vec::new();
    for piece in bytes.chunks(step.max(1)) {
        window.extend_from_slice(piece);
        let taken = decoder.decode(&window, &mut directory, &mut out);
        window.drain(..taken);
    }
    decoder.finish(&window, &mut directory, &mut out);
    Fed { out, names: directory.names().to_vec(), counts: decoder.counts() }
}

/// Cut at every byte and given in pieces: the pieces make no difference, and nothing panics.
fn check_cuts<D: Decode>(make: impl Fn() -> D, bytes: &[u8]) {
    for end in 0..=bytes.len() {
        let cut = &bytes[..end];
        let whole = feed(&mut make(), cut, end.max(1));
        for step in [1, 7, 64] {
            let pieces = feed(&mut make(), cut, step);
            assert_eq!(pieces.out.arrivals, whole.out.arrivals, "cut at {end}, in pieces of {step}");
            assert_eq!(pieces.out.faults, whole.out.faults, "cut at {end}, in pieces of {step}");
            assert_eq!(pieces.counts, whole.counts, "cut at {end}, in pieces of {step}");
        }
    }
}

/// Every byte changed to others that have a meaning: nothing panics, and a change never takes the rest with it.
fn check_changes<D: Decode>(make: impl Fn() -> D, bytes: &[u8]) {
    for at in 0..bytes.len() {
        for other in [b'\n', b',', b'-', b'9', b'"', b'\\', b'{', 0, 0xff] {
            let mut changed = bytes.to_vec();
            changed[at] = other;
            feed(&mut make(), &changed, changed.len());
        }
    }
}
