//! Which way messages travel: every venue with latency of its own has its own links, all others share theirs.
//!
//! ```text
//!                 orders ──▶
//!  us  ◀── answers           venue or venues
//!      ◀── market data
//! ```
//!
//! Nothing overtakes on a link; between links anything may. Ways are numbered: 0 is the shared one.

use crate::config::{Config, Latency, MarketDataLatency, entry_of};
use crate::order_latency::{OrderSamples, OrderSamplesError};
use sim::latency::Link;
use std::path::{Path, PathBuf};
use stdx::Prng;
use types::{Instrument, InstrumentId, Nanos};

/// How market data of one way travels.
#[derive(Clone, Debug)]
pub struct DataWay {
    pub(crate) mode: MarketDataLatency,
    pub(crate) base: Nanos,
    pub(crate) link: Link,
}

/// How orders and answers of one way travel.
#[derive(Clone, Debug)]
pub struct OrderWay {
    pub(crate) orders: Link,
    pub(crate) answers: Link,
}

/// The ways of a run.
#[derive(Clone, Debug)]
pub struct Ways {
    /// What holds on each.
    latencies: Vec<Latency>,
    /// What tells their chance apart: empty for the shared one.
    names: Vec<String>,
    /// By instrument.
    of: Vec<u16>,
}

impl Ways {
    /// One for all, and one for each venue that has an entry and an instrument.
    #[must_use]
    pub fn new(config: &Latency, instruments: &[Instrument]) -> Self {
        let shared = Latency { venue: Vec::new(), ..config.clone() };
        let mut ways = Self {
            latencies: vec![shared],
            names: vec![String::new()],
            of: Vec::with_capacity(instruments.len()),
        };
        for instrument in instruments {
            let venue = instrument.terms().venue.as_str();
            let way = ways.of_venue(config, venue);
            ways.of.push(way);
        }
        ways
    }

    fn of_venue(&mut self, config: &Latency, venue: &str) -> u16 {
        let own = entry_of(venue, &config.venue, |own| &own.name);
        let Some(own) = own else { return 0 };
        let known = self.names.iter().position(|name| *name == own.name);
        let place = known.unwrap_or_else(|| {
            self.latencies.push(config.with(own));
            self.names.push(own.name.clone());
            self.names.len() - 1
        });
        u16::try_from(place).expect("fewer venues than 65,536")
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.latencies.len()
    }

    /// Which one the messages of an instrument take; what is of no instrument in particular takes the shared one.
    #[inline]
    #[must_use]
    pub fn of(&self, instrument: Option<InstrumentId>) -> usize {
        let row = instrument.and_then(|id| self.of.get(id.index()));
        row.map_or(0, |&way| usize::from(way))
    }

    /// A generator for a link of a way; that of the shared one does not know of the others.
    fn chance(&self, root: &Prng, name: &str, way: usize) -> Prng {
        match self.names[way].as_str() {
            "" => root.fork(name),
            venue => root.fork(&format!("{name} of {venue}")),
        }
    }

    /// How market data travels, by way.
    #[must_use]
    pub fn data(&self, root: &Prng) -> Vec<DataWay> {
        let way = |(at, latency): (usize, &Latency)| DataWay {
            mode: latency.market_data,
            base: Nanos(i64::try_from(latency.market_data_ns).unwrap_or(i64::MAX)),
            link: Link::new(latency.market_data().delay(), self.chance(root, "market data", at)),
        };
        self.latencies.iter().enumerate().map(way).collect()
    }

    /// How orders and answers travel, by way; reads the files of measured orders.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn orders(&self, root: &Prng) -> Result<Vec<OrderWay>, OrderSamplesError> {
        let way = |(at, latency): (usize, &Latency)| {
            if !latency.order_samples.is_empty() {
                let samples = OrderSamples::read(Path::new(&latency.order_samples))?;
                return Ok(OrderWay {
                    orders: Link::measured(samples.entry),
                    answers: Link::measured(samples.answer),
                });
            }
            Ok(OrderWay {
                orders: Link::new(latency.orders().delay(), self.chance(root, "orders", at)),
                answers: Link::new(latency.answers().delay(), self.chance(root, "answers", at)),
            })
        };
        self.latencies.iter().enumerate().map(way).collect()
    }
}

/// The files of measured orders that a configuration names, each once.
#[must_use]
pub fn order_files(config: &Config) -> Vec<PathBuf> {
    let own = config.latency.venue.iter().filter_map(|venue| venue.order_samples.as_deref());
    let mut files: Vec<PathBuf> = std::iter::once(config.latency.order_samples.as_str())
        .chain(own)
        .filter(|file| !file.is_empty())
        .map(PathBuf::from)
        .collect();
    files.sort();
    files.dedup();
    files
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::VenueLatency;
    use types::instrument::Terms;
    use types::{Contract, Depths, Origin};

    fn instruments(venues: &[&str]) -> Vec<Instrument> {
        let instrument = |(id, venue): (u32, &&str)| {
            Instrument::new(Terms {
                id: InstrumentId(id),
                symbol: format!("X{id}"),
                venue: (*venue).into(),
                currency: "USD".into(),
                contract: Contract::Linear,
                tick_nanos: 1_000_000_000,
                lot_nanos: 1_000_000_000,
                multiplier_nanos: 1_000_000_000,
                depths: Depths::default(),
                origin: Origin::Configured,
            })
            .expect("valid terms")
        };
        (0..).zip(venues).map(instrument).collect()
    }

    fn entry(name: &str, order_ns: u64) -> VenueLatency {
        VenueLatency { name: name.into(), order_ns: Some(order_ns), ..VenueLatency::default() }
    }

    #[test]
    fn a_venue_of_its_own_has_its_own_links_and_the_others_share_theirs() {
        let venues = ["cme", "binance-spot", "nasdaq", "binance-usdm", "binance-coinm"];
        let all = Latency { jitter_ns: 1_000, ..Latency::default() };
        let own = vec![entry("binance", 7), entry("binance-usdm", 8), entry("lse", 9)];
        let config = Latency { venue: own, ..all.clone() };
        let ways = Ways::new(&config, &instruments(&venues));
        let of: Vec<usize> = (0..5).map(|id| ways.of(Some(InstrumentId(id)))).collect();
        assert_eq!((of, ways.of(None), ways.count()), (vec![0, 1, 0, 2, 1], 0, 3));
        let root = Prng::new(4);
        let arrivals = |way: &OrderWay| {
            let mut link = way.orders.clone();
            (0..50).map(|at| link.arrival(Nanos(at * 10_000_000)).0).collect::<Vec<_>>()
        };
        let orders = ways.orders(&root).expect("no files");
        assert!(arrivals(&orders[1])[0] < 100_000 && arrivals(&orders[0])[0] >= 500_000);
        // Another venue's chance moves nothing for those that share.
        let alone = Ways::new(&all, &instruments(&["cme"])).orders(&root).expect("no files");
        assert_eq!(arrivals(&alone[0]), arrivals(&orders[0]));
        assert_ne!(arrivals(&orders[1]), arrivals(&orders[2]));
    }

    #[test]
    fn a_missing_file_of_measured_orders_is_an_error_that_names_it() {
        let config = Latency { order_samples: "nowhere.npz".into(), ..Latency::default() };
        let error = Ways::new(&config, &[]).orders(&Prng::new(0)).expect_err("no such file").to_string();
        assert!(error.starts_with("cannot read the order latencies in nowhere.npz: "), "{error}");
        let own = VenueLatency { order_samples: Some("a".into()), ..entry("x", 1) };
        let latency =
            Latency { venue: vec![own.clone(), VenueLatency { name: "y".into(), ..own }], ..config };
        let files = order_files(&Config { latency, ..Config::default() });
        assert_eq!(files, [Path::new("a"), Path::new("nowhere.npz")]);
    }
}
