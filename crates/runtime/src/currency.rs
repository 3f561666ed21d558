//! The account's currency, and what others are worth in it: from a configuration to terms, or to advice.
//!
//! Never guesses: a currency that something traded settles in needs a rate, fixed or from an instrument of the run.

use crate::config::{Config, CurrencyRate, nearest};
use engine::{AccountTerms, Rate, TierTerms};
use types::fees::{BASIS_POINT_PPB, Tier};
use types::{Instrument, InstrumentId, Money};

/// Why an account cannot be counted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CurrencyError {
    /// Profit in one currency and loss in another are no sum without a rate.
    #[error(
        "{symbol} settles in {currency} and the account is in {account}: say what one {currency} is worth, with \
         [[currency]] code = \"{currency}\" and a rate or the instrument that is its price, or choose with --symbols"
    )]
    Unknown {
        /// What is traded.
        symbol: String,
        /// Its currency.
        currency: String,
        /// The account's.
        account: String,
    },
    /// A rate's instrument that the data does not have.
    #[error("[[currency]] {code}: no instrument `{instrument}` in the data{}", .nearest.as_ref().map(|n| format!("; did you mean `{n}`?")).unwrap_or_default())]
    NoInstrument {
        /// Whose rate.
        code: String,
        /// As given.
        instrument: String,
        /// The one most like it.
        nearest: Option<String>,
    },
    /// A rate's instrument that is priced in something else.
    #[error("[[currency]] {code}: {instrument} is priced in {priced}, {wanted}")]
    Priced {
        /// Whose rate.
        code: String,
        /// Which instrument.
        instrument: String,
        /// In what.
        priced: String,
        /// What would do.
        wanted: String,
    },
}

/// What a run's account counts in.
///
/// # Errors
/// When something traded settles in a currency without a rate, or a rate makes no sense.
pub fn account(
    config: &Config,
    instruments: &[Instrument],
    traded: &[InstrumentId],
) -> Result<AccountTerms, CurrencyError> {
    let own = |id: &InstrumentId| &instruments[id.index()];
    let currency = match config.trading.currency.as_str() {
        "" => traded.first().map_or("", |id| own(id).currency()),
        chosen => chosen,
    };
    let given: Vec<_> = config.currency.iter().filter(|entry| entry.code != currency).collect();
    let rates =
        given.iter().map(|entry| Ok((entry.code.clone(), rate(config, entry, currency, instruments)?)));
    let rates = rates.collect::<Result<Vec<_>, CurrencyError>>()?;
    let known = |code: &str| code == currency || rates.iter().any(|rate| rate.0 == code);
    if let Some(stranger) = traded.iter().map(own).find(|instrument| !known(instrument.currency())) {
        return Err(CurrencyError::Unknown {
            symbol: stranger.symbol().into(),
            currency: stranger.currency().into(),
            account: currency.into(),
        });
    }
    Ok(AccountTerms { currency: currency.into(), rates, tiers: tiers(config, instruments) })
}

fn rate(
    config: &Config,
    entry: &CurrencyRate,
    account: &str,
    instruments: &[Instrument],
) -> Result<Rate, CurrencyError> {
    if entry.instrument.is_empty() {
        return Ok(Rate::Fixed(money(entry.rate)));
    }
    let name = |instrument: &Instrument| format!("{}/{}", instrument.terms().venue, instrument.symbol());
    let named = |i: &&Instrument| i.symbol() == entry.instrument || name(i) == entry.instrument;
    let Some(found) = instruments.iter().find(named) else {
        return Err(CurrencyError::NoInstrument {
            code: entry.code.clone(),
            instrument: entry.instrument.clone(),
            nearest: nearest(&entry.instrument, instruments.iter().map(Instrument::symbol)),
        });
    };
    let priced = found.currency();
    let refuse = |wanted: String| CurrencyError::Priced {
        code: entry.code.clone(),
        instrument: name(found),
        priced: priced.into(),
        wanted,
    };
    let mid = |times| Rate::Mid { instrument: found.id(), inverse: entry.inverse, times };
    if found.terms().contract == types::Contract::Inverse {
        return Err(refuse(
            "and is worth coins for each dollar of its face: take the spot market's price".into(),
        ));
    }
    if entry.inverse {
        return match priced == entry.code {
            true => Ok(mid(Money::ONE)),
            false => Err(refuse(format!("and inverse = true wants one that is priced in {}", entry.code))),
        };
    }
    if priced == account {
        return Ok(mid(Money::ONE));
    }
    let fixed = config.currency.iter().find(|other| other.code == priced && other.instrument.is_empty());
    match fixed {
        Some(other) => Ok(mid(money(other.rate))),
        None => Err(refuse(format!(
            "not in {account}, the account's currency; a [[currency]] for {priced} with a fixed rate would do"
        ))),
    }
}

/// The tiers of each venue that has some.
fn tiers(config: &Config, instruments: &[Instrument]) -> Vec<TierTerms> {
    let mut venues: Vec<&str> = Vec::new();
    for instrument in instruments {
        let venue = instrument.terms().venue.as_str();
        if !venues.contains(&venue) {
            venues.push(venue);
        }
    }
    let of = |venue: &str| {
        let tiers = config.fees.tiers_of(venue);
        let here = instruments.iter().filter(|instrument| instrument.terms().venue == venue);
        (!tiers.is_empty()).then(|| TierTerms {
            venue: venue.into(),
            instruments: here.map(Instrument::id).collect(),
            starting: money(config.fees.of(venue).starting_turnover),
            tiers: tiers
                .iter()
                .map(|tier| Tier {
                    turnover: money(tier.turnover),
                    maker_ppb: basis_points(tier.maker_bp),
                    taker_ppb: basis_points(tier.taker_bp),
                })
                .collect(),
        })
    };
    venues.into_iter().filter_map(of).collect()
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "bounded by the check of [fees]"
)]
fn basis_points(bp: f64) -> i64 {
    (bp * BASIS_POINT_PPB as f64).round() as i64
}

/// To the nearest 10⁻¹²: a yen in dollars has few digits before the twelfth.
#[expect(clippy::cast_possible_truncation, reason = "saturates; configuration was checked to be finite")]
fn money(amount: f64) -> Money {
    // In two parts, so that a large whole amount loses nothing to the scale.
    let whole = amount.trunc();
    Money(whole as i128 * Money::ONE.0 + ((amount - whole) * 1e12).round() as i128)
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::instrument::Terms;
    use types::{Contract, Origin};

    fn instruments() -> Vec<Instrument> {
        let all = [
            ("binance-usdm", "BTCUSDT", "USDT", Contract::Linear),
            ("binance-coinm", "BTCUSD_PERP", "BTC", Contract::Inverse),
            ("fx", "USDJPY", "JPY", Contract::Linear),
            ("cme", "ESH4", "USD", Contract::Linear),
        ];
        let make = |(id, (venue, symbol, currency, contract)): (u32, (&str, &str, &str, Contract))| {
            Instrument::new(Terms {
                id: InstrumentId(id),
                symbol: symbol.into(),
                venue: venue.into(),
                currency: currency.into(),
                contract,
                tick_nanos: 1_000_000_000,
                lot_nanos: 1_000_000_000,
                multiplier_nanos: 1_000_000_000,
                depths: types::Depths::default(),
                origin: Origin::Configured,
            })
            .expect("valid terms")
        };
        (0..).zip(all).map(make).collect()
    }

    fn terms(text: &str, traded: &[u32]) -> Result<AccountTerms, String> {
        let config = Config::parse(text).map_err(|error| error.to_string())?;
        let traded: Vec<_> = traded.iter().map(|id| InstrumentId(*id)).collect();
        account(&config, &instruments(), &traded).map_err(|error| error.to_string())
    }

    const BTC: &str = "[[currency]]\ncode = \"BTC\"\ninstrument = \"BTCUSDT\"\n";
    const USDT: &str = "[[currency]]\ncode = \"USDT\"\nrate = 0.9995\n";

    #[test]
    fn rates_are_fixed_or_an_instrument_s_mid() {
        let alone = terms("", &[0]).expect("one currency needs no rate");
        assert_eq!((alone.currency.as_str(), alone.rates.len()), ("USDT", 0));
        let mid =
            |instrument, inverse, times| Rate::Mid { instrument: InstrumentId(instrument), inverse, times };
        let two = terms(BTC, &[0, 1]).expect("a rate is given");
        assert_eq!(
            (two.currency.as_str(), &two.rates[..]),
            ("USDT", &[("BTC".into(), mid(0, false, Money::ONE))][..])
        );
        // Through dollars' twin to dollars.
        let usdt = Money(999_500_000_000);
        let three = terms(&format!("[trading]\ncurrency = \"USD\"\n{BTC}{USDT}"), &[0, 1, 3])
            .expect("rates are given");
        assert_eq!(three.rates, [("BTC".into(), mid(0, false, usdt)), ("USDT".into(), Rate::Fixed(usdt))]);
        let yen = "[trading]\ncurrency = \"USD\"\n[[currency]]\ncode = \"JPY\"\ninstrument = \"fx/USDJPY\"\ninverse = true\n";
        assert_eq!(
            terms(yen, &[2, 3]).expect("a rate is given").rates,
            [("JPY".into(), mid(2, true, Money::ONE))]
        );
    }

    #[test]
    fn what_has_no_rate_is_refused_with_advice() {
        let cases: [(&str, &[u32], &str); 7] = [
            (
                "",
                &[0, 1],
                "BTCUSD_PERP settles in BTC and the account is in USDT: say what one BTC is worth, with [[currency]] \
                 code = \"BTC\" and a rate or the instrument that is its price, or choose with --symbols",
            ),
            (
                "[trading]\ncurrency = \"USD\"\n",
                &[0],
                "BTCUSDT settles in USDT and the account is in USD: say",
            ),
            (
                "[[currency]]\ncode = \"BTC\"\ninstrument = \"BTCUSD\"\n",
                &[0, 1],
                "[[currency]] BTC: no instrument `BTCUSD` in the data; did you mean `",
            ),
            (
                "[trading]\ncurrency = \"USD\"\n[[currency]]\ncode = \"BTC\"\ninstrument = \"BTCUSDT\"\n",
                &[3],
                "[[currency]] BTC: binance-usdm/BTCUSDT is priced in USDT, not in USD, the account's currency; a \
                 [[currency]] for USDT with a fixed rate would do",
            ),
            (
                "[[currency]]\ncode = \"BTC\"\ninstrument = \"BTCUSDT\"\ninverse = true\n",
                &[0],
                "[[currency]] BTC: binance-usdm/BTCUSDT is priced in USDT, and inverse = true wants one",
            ),
            ("[[currency]]\ncode = \"BTC\"\n", &[0], "`currency.rate` is 0: "),
            (
                "[[currency]]\ncode = \"BTC\"\nrtae = 3.0\n",
                &[0],
                "line 3: unknown key `currency.rtae`; did you mean `currency.rate`?",
            ),
        ];
        for (text, traded, message) in cases {
            let error = terms(text, traded).expect_err(text);
            assert!(error.starts_with(message), "{error}");
        }
    }

    #[test]
    fn a_venue_s_tiers_come_by_rising_turnover() {
        let text = "[fees]\nmaker_bp = 2.0\ntaker_bp = 5.0\n\
                    [[fees.venue]]\nname = \"binance\"\nstarting_turnover = 3e6\n\
                    [[fees.tier]]\nvenue = \"binance\"\nturnover = 15e6\nmaker_bp = 1.6\ntaker_bp = 4.0\n\
                    [[fees.tier]]\nvenue = \"binance\"\nturnover = 1e6\nmaker_bp = 1.8\ntaker_bp = 4.5\n";
        let terms = terms(text, &[0]).expect("valid");
        let seen: Vec<_> =
            terms.tiers.iter().map(|t| (t.venue.as_str(), t.starting, t.tiers.len())).collect();
        let starting = Money::ONE * 3_000_000;
        assert_eq!(seen, [("binance-usdm", starting, 2), ("binance-coinm", starting, 2)]);
        let first = Tier { turnover: Money::ONE * 1_000_000, maker_ppb: 180_000, taker_ppb: 450_000 };
        assert_eq!(terms.tiers[0].tiers[0], first);
    }
}
