//! By hand on paper, and on random sessions against sums taken another way.

use super::*;
use crate::fixture::instrument;
use stdx::Prng;
use types::Contract;

const fn mid(bid: i64, ask: i64) -> Option<Mid> {
    Some(Mid { bid: Ticks(bid), ask: Ticks(ask) })
}

const fn key(strategy: usize, hour: i64, side: Side, liquidity: Liquidity) -> Key {
    Key { strategy, hour, side, liquidity }
}

#[test]
fn a_round_trip_is_split_as_on_paper() {
    // A tick is worth 12.50. Buy 2 at 100 (mid 100.5) at 11:59, the mid goes to 99.5; sell 2 at 104 (mid 103.5) at
    // 12:30, the mid stays. Fees 1.00 a fill. Gross 2 × 4 ticks = 100.00, net 98.00.
    let es = instrument(0, "ESZ6", Contract::Linear);
    let mut sums = Attribution::new(1);
    let buy = key(0, 11, Side::Buy, Liquidity::Maker);
    let sell = key(0, 12, Side::Sell, Liquidity::Taker);
    sums.on_mark(mid(100, 101));
    sums.on_fill(&es, buy, Ticks(100), Lots(2), Money::ONE);
    sums.on_spread(&es, buy, Ticks(100), Lots(2), mid(100, 101));
    sums.on_mark(mid(99, 100));
    sums.close_hour(&es, 11, &mut Money(0));
    sums.on_horizon(&es, buy, Ticks(100), Lots(2), [mid(100, 101), mid(99, 100)]);
    sums.on_mark(mid(103, 104));
    sums.on_fill(&es, sell, Ticks(104), Lots(-2), Money::ONE);
    sums.on_spread(&es, sell, Ticks(104), Lots(-2), mid(103, 104));
    sums.on_horizon(&es, sell, Ticks(104), Lots(-2), [mid(103, 104), mid(103, 104)]);
    sums.close_hour(&es, 12, &mut Money(0));
    let parts = |net, sums: &Sums| {
        let split = Split::of(net, sums);
        assert_eq!(split.net(), net);
        [split.spread, split.adverse, split.booked.fees, split.inventory, net].map(|m| m.to_string())
    };
    // Spread: half a tick of 2, twice. Adverse: a tick of 2, once. The rest: from 99.5 to 103.5 on 2.
    assert_eq!(parts(sums.strategy_nets(&es)[0], &sums.sums()), ["25", "-25", "-2", "100", "98"]);
    // The first hour: half a tick earned, a tick lost, and no inventory beyond it. The second: the way up.
    let [first, second] = &sums.strategies[0].hours[..] else { panic!("two hours") };
    assert_eq!(parts(first.net, &first.sums), ["12.5", "-25", "-1", "0", "-13.5"]);
    assert_eq!(parts(second.net, &second.sums), ["12.5", "0", "-1", "100", "111.5"]);
    // By side, each to the last mark of 103.5: bought at 100 and sold at 104.
    let sides = sums.side_nets(&es);
    assert_eq!(parts(sides[0], &sums.sides[0].sums), ["12.5", "-25", "-1", "100", "86.5"]);
    assert_eq!(parts(sides[3], &sums.sides[3].sums), ["12.5", "0", "-1", "0", "11.5"]);
    assert_eq!([sides[1], sides[2]], [Money::ZERO; 2]);
}

/// Random fills of three strategies, marks and hours: every breakdown adds up to what one book of all fills says.
#[test]
fn every_breakdown_adds_up_to_the_last_digit() {
    for seed in 0..60 {
        let mut chance = Prng::new(seed);
        let contract = if seed % 2 == 0 { Contract::Linear } else { Contract::Inverse };
        let coin = instrument(0, "X", contract);
        let mut sums = Attribution::new(3);
        let (mut cash, mut fees, mut held, mut mark) = (Money::ZERO, Money::ZERO, Lots::ZERO, None);
        let mut moved = Booked::default();
        let (mut spread, mut adverse, mut price, mut hour) = (Money::ZERO, Money::ZERO, 500_000, 0);
        for _ in 0..400 {
            price += chance.between(-40, 40);
            if chance.chance(0.7) {
                mark = mid(price - chance.between(0, 3), price + chance.between(1, 4));
                sums.on_mark(mark);
            }
            if chance.chance(0.05) {
                sums.close_hour(&coin, hour, &mut Money(0));
                hour += chance.between(1, 30);
            }
            if chance.chance(0.1) {
                let amount = |chance: &mut Prng| Money(i128::from(chance.between(-9_999, 9_999)));
                let cash =
                    Booked { funding: amount(&mut chance), borrow: amount(&mut chance), ..Booked::default() };
                sums.on_cash(hour, cash);
                moved += cash;
            }
            if chance.chance(0.5) {
                let signed = Lots(chance.between(1, 9) * if chance.chance(0.5) { 1 } else { -1 });
                let side = signed.side().expect("not zero");
                let liquidity = if chance.chance(0.7) { Liquidity::Maker } else { Liquidity::Taker };
                let strategy = usize::try_from(chance.below(3)).expect("small");
                let fee = Money(i128::from(chance.between(-999, 99_999)));
                let key = key(strategy, hour, side, liquidity);
                let at = |chance: &mut Prng| {
                    chance.chance(0.9).then(|| mid(price - 3, price + chance.between(1, 9))).flatten()
                };
                let (start, later) = (at(&mut chance), at(&mut chance));
                sums.on_fill(&coin, key, Ticks(price), signed, fee);
                sums.on_spread(&coin, key, Ticks(price), signed, start);
                sums.on_horizon(&coin, key, Ticks(price), signed, [start, later]);
                mark = mark.or(mid(price, price));
                cash -= coin.value(Ticks(price), signed);
                fees += fee;
                held += signed;
                let before = start.unwrap_or(Mid { bid: Ticks(price), ask: Ticks(price) });
                let twice = |mid: Mid| mid.twice_value(&coin, signed).0;
                if let Some(mid) = start {
                    spread += Money((twice(mid) - 2 * coin.value(Ticks(price), signed).0).div_euclid(2));
                }
                if let Some(later) = later {
                    adverse += Money((twice(later) - twice(before)).div_euclid(2));
                }
            }
        }
        sums.close_hour(&coin, hour, &mut Money(0));
        let worth = mark.map_or(0, |mark: Mid| mark.twice_value(&coin, held).0.div_euclid(2));
        let net = cash + Money(worth) - fees + moved.sum();
        let whole = Split::of(net, &sums.sums());
        let booked = Booked { fees: -fees, ..moved };
        assert_eq!((whole.spread, whole.adverse, whole.booked), (spread, adverse, booked), "seed {seed}");
        let check = |name: &str, rows: &[(Money, Sums)]| {
            let mut split = Split::default();
            rows.iter().for_each(|(net, sums)| split.absorb(&Split::of(*net, sums)));
            assert_eq!(split, whole, "seed {seed}: {name}");
            assert_eq!(rows.iter().map(|row| row.0.0).sum::<i128>(), net.0, "seed {seed}: {name}");
        };
        let of = |nets: Vec<Money>, books: &[Book]| -> Vec<(Money, Sums)> {
            nets.into_iter().zip(books.iter().map(|book| book.sums)).collect()
        };
        check("strategies", &of(sums.strategy_nets(&coin), &sums.strategies));
        check("sides", &of(sums.side_nets(&coin), &sums.sides));
        for (book, net) in sums.strategies.iter().zip(sums.strategy_nets(&coin)) {
            let told: i128 = book.hours.iter().map(|slot| slot.net.0).sum();
            assert_eq!(told, net.0, "seed {seed}: a strategy's hours");
            assert!(book.hours.is_sorted_by(|a, b| a.hour < b.hour), "seed {seed}");
        }
        let hours = sums.strategies.iter().flat_map(|book| &book.hours);
        check("hours", &hours.map(|slot| (slot.net, slot.sums)).collect::<Vec<_>>());
        assert_eq!(sums.strategies.iter().map(|book| book.position.0).sum::<i64>(), held.0);
    }
}

#[test]
fn funding_is_shared_by_what_each_strategy_holds() {
    let es = instrument(0, "ESZ6", Contract::Linear);
    let mut sums = Attribution::new(3);
    for (strategy, signed) in [(0, 3), (1, -1), (2, 0)] {
        let side = if signed < 0 { Side::Sell } else { Side::Buy };
        if signed != 0 {
            let key = key(strategy, 5, side, Liquidity::Maker);
            sums.on_fill(&es, key, Ticks(100), Lots(signed), Money::ZERO);
        }
    }
    // The account is long two and pays ten; three long pay fifteen, one short gets five.
    sums.on_cash(5, Booked { funding: Money::ONE * -10, ..Booked::default() });
    let paid = |sums: &Attribution| -> Vec<String> {
        sums.strategies.iter().map(|book| book.sums.booked.funding.to_string()).collect()
    };
    assert_eq!(paid(&sums), ["-15", "5", "0"]);
    assert_eq!(sums.strategies[1].hours[0].sums.booked.funding, Money::ONE * 5);
    // Bought three, sold one, by side.
    let sides: Vec<_> = sums.sides.iter().map(|book| book.sums.booked.funding.to_string()).collect();
    assert_eq!(sides, ["-15", "0", "5", "0"]);
    // What comes when nothing is held is the first one's.
    sums.on_fill(&es, key(1, 6, Side::Sell, Liquidity::Taker), Ticks(100), Lots(-2), Money::ZERO);
    sums.on_cash(6, Booked { borrow: Money::ONE * -1, ..Booked::default() });
    assert_eq!(sums.strategies[0].sums.booked.borrow, Money::ONE * -1);
    assert_eq!(sums.strategies[1].sums.booked.borrow, Money::ZERO);
}
