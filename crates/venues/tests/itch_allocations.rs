//! Once every stock has been met and the tables have grown, reading ITCH allocates nothing.

use flate2::read::GzDecoder;
use std::io::Read as _;
use testkit::allocations::{Counting, on_this_thread};
use types::Nanos;
use venues::nasdaq::itch::{Price4, Timestamp, make, pad};
use venues::nasdaq::mold::{Decoder as Mold, PacketWriter, Policy};
use venues::nasdaq::{Decoder, file};
use venues::{Decode, Directory, Output};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// A day of `orders` orders, each added, executed in part, replaced and deleted while hundreds of others stand.
fn day(orders: u64) -> Vec<Vec<u8>> {
    let (stock_locate, tracking_number) = (3, 0);
    let mut messages = Vec::new();
    let system = |event_code| make::SystemEvent {
        stock_locate: 0,
        tracking_number,
        timestamp: Timestamp(1),
        event_code,
    };
    messages.push(system(b'O').bytes().to_vec());
    messages.push(system(b'S').bytes().to_vec());
    for number in 1..orders {
        let timestamp = Timestamp(number * 1_000);
        let price = Price4(u32::try_from(100_000 + 100 * (number % 50)).expect("small"));
        let add = make::AddOrder {
            stock_locate,
            tracking_number,
            timestamp,
            order_reference_number: number * 2,
            buy_sell_indicator: if number % 2 == 0 { b'B' } else { b'S' },
            shares: 100,
            stock: pad("QUOIN"),
            price,
        };
        messages.push(add.bytes().to_vec());
        if number <= 500 {
            continue;
        }
        let old = (number - 500) * 2;
        let executed = make::OrderExecuted {
            stock_locate,
            tracking_number,
            timestamp,
            order_reference_number: old,
            executed_shares: 10,
            match_number: number,
        };
        let (original_order_reference_number, new_order_reference_number) = (old, old + 1);
        let replace = make::OrderReplace {
            stock_locate,
            tracking_number,
            timestamp,
            original_order_reference_number,
            new_order_reference_number,
            shares: 50,
            price,
        };
        let delete =
            make::OrderDelete { stock_locate, tracking_number, timestamp, order_reference_number: old + 1 };
        messages.push(executed.bytes().to_vec());
        messages.push(replace.bytes().to_vec());
        messages.push(delete.bytes().to_vec());
    }
    messages
}

#[test]
fn a_second_day_allocates_nothing() {
    let messages = day(5_000);
    let (mut decoder, mut directory, mut out) =
        (Decoder::new(Nanos(0)), Directory::survey(), Output::default());
    let mut pass = || {
        let (before, mut arrivals) = (on_this_thread(), 0);
        for message in &messages {
            // Stocks are met anew each day: the one message that names a stock for the first time is the warm-up.
            out.clear();
            decoder.message(None, message, 0, &mut directory, &mut out);
            arrivals += out.arrivals.len();
        }
        (arrivals, on_this_thread() - before)
    };
    let (first, warm_up) = pass();
    let (second, allocations) = pass();
    assert!(warm_up > 0, "the counter counts");
    // The new day's one clear of the old book is the difference; the stock's name is asked for once.
    assert_eq!((second, first > 20_000), (first + 1, true));
    assert!(allocations <= NAMES, "{allocations}");
}

/// Asking a survey for a stock makes its name and a key of it.
const NAMES: u64 = 3;

#[test]
fn a_second_day_in_packets_allocates_nothing_though_some_come_early() {
    let messages = day(3_000);
    let mut packets = Vec::new();
    for (number, some) in messages.chunks(5).enumerate() {
        let mut bytes = Vec::new();
        let mut packet = PacketWriter::begin(&mut bytes, *b"0123456789", number as u64 * 5 + 1);
        some.iter().for_each(|message| packet.message(message));
        packet.finish();
        packets.push(bytes);
    }
    // Every tenth packet comes after the one behind it.
    for pair in packets.chunks_mut(10).filter(|ten| ten.len() > 1) {
        pair.swap(0, 1);
    }
    // The first packet tells where the session begins: it may not come late.
    packets.swap(0, 1);
    let (mut mold, mut directory) = (Mold::new(Nanos(0), Policy::default()), Directory::survey());
    let mut out = Output::default();
    let half = packets.len() / 2;
    let mut run = |packets: &[Vec<u8>]| {
        let before = on_this_thread();
        for packet in packets {
            out.clear();
            mold.packet(Nanos(0), packet, 0, &mut directory, &mut out);
            assert!(out.faults.is_empty());
        }
        on_this_thread() - before
    };
    assert!(run(&packets[..half]) > 0, "the counter counts");
    assert_eq!(run(&packets[half..]), 0);
    let held = mold.counts().into_iter().find(|(name, _)| name == "packets held");
    assert!(held.is_some_and(|(_, count)| count > 100));
}

#[test]
fn the_second_half_of_the_sampled_day_allocates_nothing() {
    let Some(path) = testkit::data::recorded("itch/ex20101224.TEST_ITCH_50.gz") else { return };
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).expect("just found");
    GzDecoder::new(file).read_to_end(&mut bytes).expect("a whole gzip file");
    let mut decoder = file::Decoder::new(Some(Nanos(0)));
    let (mut directory, mut out) = (Directory::survey(), Output::default());
    // Orders only pile up in it: the table grows until three quarters.
    let from = bytes.len() * 3 / 4;
    let mut at = decoder.decode(&bytes[..from], &mut directory, &mut out);
    out.arrivals.reserve(10_000);
    let before = on_this_thread();
    let mut arrivals = 0;
    while at < bytes.len() {
        out.clear();
        let end = bytes.len().min(at + 4_096);
        at += decoder.decode(&bytes[at..end], &mut directory, &mut out);
        arrivals += out.arrivals.len();
    }
    assert_eq!(on_this_thread() - before, 0);
    assert!(arrivals > 2_000, "{arrivals}");
}
