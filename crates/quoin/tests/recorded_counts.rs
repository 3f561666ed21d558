//! `quoin inspect` says of the recorded data what its README says independent tools counted.

mod common;

use common::succeed;
use serde_json::Value;
use testkit::data::recorded;

/// What is counted together.
#[derive(Clone, Copy)]
enum Of {
    /// What is called so.
    Named(&'static str),
    /// Everything called one of these.
    Each(&'static [&'static str]),
    /// Everything whose name begins so, in one sum.
    Beginning(&'static str),
    /// Kinds of rows, which begin with a digit.
    Rows,
    /// Names of one word: kinds of messages of Binance's and of lines of Bitstamp's.
    Words,
}
use Of::{Beginning, Each, Named, Rows, Words};

impl Of {
    fn has(self, name: &str) -> bool {
        match self {
            Named(one) => name == one,
            Each(names) => names.contains(&name),
            Beginning(start) => name.starts_with(start),
            Rows => name.starts_with(|first: char| first.is_ascii_digit()),
            Words => !name.contains(' '),
        }
    }
}

/// Files whose counts are added up, and what the README says of them.
type Counted = (&'static [&'static str], &'static [(Of, u64)]);

const COUNTED: &[Counted] = &[
    (
        &["cme-mdp3/Cme.Mdp3.Sbe.v6.1.pcapng"],
        &[
            (Named("packets"), 10_000),
            (Named("packets duplicate"), 5_000),
            (Each(&["entries level", "entries statistic", "entries trade"]), 15_731),
            (Named("entries trade"), 355),
            (Named("securities"), 127),
            (Beginning("RptSeq gap"), 0),
            (Beginning("packets lost"), 0),
        ],
    ),
    (
        &["cme-mdp3/Cme.Mdp3.Sbe.v9.1.Example.pcap"],
        &[(Each(&["packets", "packet without UDP"]), 100), (Named("securities"), 242)],
    ),
    (&["dbn/esh4-glbx-mdp3-20231224.mbo.dbn.zst"], &[(Named("A add"), 8_725)]),
    (
        &["dbn/esh4-glbx-mdp3-20231225.mbo.dbn.zst"],
        &[
            (Each(&["A add", "C cancel", "F fill", "M modify", "T trade"]), 68_792),
            (Named("A add"), 29_216),
            (Named("C cancel"), 17_999),
            (Named("M modify"), 12_233),
            (Named("T trade"), 2_973),
            (Named("F fill"), 6_371),
        ],
    ),
    (
        &["dbn/es-2024-07-01/futures_mbp-1_2024-07-01T23-58_2024-07-02T00-02.dbn.zst"],
        &[(Named("mbp-1"), 2_288)],
    ),
    (
        &["dbn/es-2024-07-01/futures_trades_2024-07-01T23-58_2024-07-02T00-02.dbn.zst"],
        &[(Named("trades"), 120)],
    ),
    (&["lobster/LOBSTER_SampleFile_GOOG_2012-06-21_10.zip"], &[(Rows, 147_916)]),
    (&["lobster/LOBSTER_SampleFile_AAPL_2012-06-21_1.zip"], &[(Rows, 118_497)]),
    (
        &[
            "binance-l2/spot/btcusdt_20240808.gz",
            "binance-l2/spot/ethusdt_20240808.gz",
            "binance-l2/usdm/btcusdt_20240808.gz",
            "binance-l2/usdm/ethusdt_20240808.gz",
            "binance-l2/cm/btcusd_perp_20240808.gz",
            "binance-l2/cm/ethusd_perp_20240808.gz",
        ],
        &[(Words, 332_200)],
    ),
    (
        &["bitstamp-l3/2015-05-01_full.log.bz2"],
        &[
            (Each(&["order_book", "order_changed", "order_created", "order_deleted", "trade"]), 276_767),
            (Named("order_created"), 118_960),
            (Named("order_deleted"), 119_048),
            (Named("order_changed"), 4_516),
            (Named("trade"), 4_251),
            (Named("order_book"), 29_992),
        ],
    ),
    (&["itch/ex20101224.TEST_ITCH_50.gz"], &[(Beginning("message "), 12_012)]),
];

#[test]
fn inspect_counts_what_independent_tools_counted() {
    for (files, due) in COUNTED {
        let Some(files) = files
            .iter()
            .map(|file| recorded(file).map(|path| common::text(&path)))
            .collect::<Option<Vec<_>>>()
        else {
            return;
        };
        let mut found = vec![0; due.len()];
        for file in &files {
            let about: Value = serde_json::from_str(&succeed(&["inspect", file, "--json"])).expect("JSON");
            let file = &about["files"][0];
            assert_eq!((&file["faults"], &file["bytes_skipped"]), (&0.into(), &0.into()), "{file}");
            for (name, count) in file["counts"].as_object().expect("counts") {
                for (sum, (of, _)) in found.iter_mut().zip(*due) {
                    *sum += if of.has(name) { count.as_u64().expect("a count") } else { 0 };
                }
            }
        }
        assert_eq!(found, due.iter().map(|(_, count)| *count).collect::<Vec<_>>(), "{files:?}");
    }
    // The crossed states of the pre-open, all of them legal.
    let day = recorded("dbn/esh4-glbx-mdp3-20231225.mbo.dbn.zst").expect("it was counted");
    let about: Value =
        serde_json::from_str(&succeed(&["inspect", &common::text(&day), "--json"])).expect("JSON");
    assert_eq!(about["instruments"][0]["crossed"], 891);
}
