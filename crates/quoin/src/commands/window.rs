//! `--from`, `--to`: what part of a day counts.

use runtime::moment;
use types::Nanos;

#[derive(clap::Args)]
pub(crate) struct Window {
    /// From this venue time on: 2023-12-25T23:00:00Z
    #[arg(long, value_name = "TIME", value_parser = time)]
    from: Option<Nanos>,
    /// Before this venue time
    #[arg(long, value_name = "TIME", value_parser = time)]
    to: Option<Nanos>,
}

impl Window {
    pub(crate) fn span(&self) -> [Nanos; 2] {
        [self.from.unwrap_or(Nanos::MIN), self.to.unwrap_or(Nanos::MAX)]
    }
}

fn time(text: &str) -> Result<Nanos, String> {
    moment::parse(text).ok_or_else(|| {
        "a time is written 2023-12-25, 2023-12-25T22:39:55Z or 2023-12-25T23:39:55+01:00".into()
    })
}
