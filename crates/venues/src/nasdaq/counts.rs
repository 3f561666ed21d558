//! What went by, for people.

use super::itch::SPECS;

macro_rules! tally {
    ($($(#[$about:meta])* $field:ident = $name:literal;)*) => {
        #[derive(Debug, Default)]
        pub(super) struct Tally {
            $($(#[$about])* pub(super) $field: u64,)*
        }

        impl Tally {
            fn named(&self) -> Vec<(&'static str, u64)> {
                vec![$(($name, self.$field)),*]
            }
        }
    };
}

tally! {
    /// Executed, cancelled, deleted or replaced, and never added.
    unknown = "orders unknown";
    /// Added under a number that was there.
    duplicate = "orders added twice";
    /// Reduced by more than was left.
    excess = "orders reduced by more than was left";
    /// Of another stock than the message says.
    misplaced = "orders of another stock";
    foreign = "messages not in the run";
    /// Of a type that is none of ours.
    unknown_types = "messages of unknown types";
    damaged = "messages damaged";
    unprinted = "executions not printable";
    /// Auctions in which nothing traded.
    empty_crosses = "crosses without shares";
    /// Broken, and not among the latest trades.
    forgotten = "broken trades told by number alone";
    stale = "books gone stale";
    lost = "messages lost";
    days = "days";
}

#[derive(Debug)]
pub(super) struct Counts {
    /// By message type.
    pub(super) messages: [u64; 256],
    pub(super) tally: Tally,
}

impl Default for Counts {
    fn default() -> Self {
        Self { messages: [0; 256], tally: Tally::default() }
    }
}

impl Counts {
    /// Every count above zero, sorted by name, with `more` among them.
    pub(super) fn named(&self, more: &[(&str, u64)]) -> Vec<(String, u64)> {
        let messages = SPECS.iter().map(|spec| {
            let count = self.messages[usize::from(spec.tag)];
            (format!("message {} {}", char::from(spec.tag), spec.name), count)
        });
        let rest = self.tally.named().into_iter().chain(more.iter().copied());
        let mut named: Vec<_> = messages.chain(rest.map(|(name, count)| (name.to_string(), count))).collect();
        named.retain(|(_, count)| *count > 0);
        named.sort();
        named
    }
}
