//! `--from`, `--to`, `--symbol`: what of history is wanted.

use runtime::moment;
use runtime::source::Selection;
use types::Nanos;

#[derive(clap::Args)]
pub(crate) struct Select {
    /// From this venue time on: 2023-12-25 or 2023-12-25T22:39:55Z (history only)
    #[arg(long, value_name = "TIME", value_parser = time)]
    from: Option<Nanos>,
    /// Before this venue time (history only)
    #[arg(long, value_name = "TIME", value_parser = time)]
    to: Option<Nanos>,
    /// Only this instrument, as SYMBOL or VENUE/SYMBOL; may be given again (history only)
    #[arg(long, value_name = "SYMBOL")]
    symbol: Vec<String>,
}

impl Select {
    pub(crate) fn selection(&self) -> Selection {
        Selection { from: self.from, to: self.to, symbols: self.symbol.clone() }
    }
}

fn time(text: &str) -> Result<Nanos, String> {
    moment::parse(text).ok_or_else(|| {
        "a time is written 2023-12-25, 2023-12-25T22:39:55Z or 2023-12-25T23:39:55+01:00".into()
    })
}
