//! CME's names as Rust writes them.

/// `MDEntryPx` → `md_entry_px`: a new word starts at a capital after a small letter, and at the last capital of a
/// run that small letters follow.
pub(super) fn snake(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut snake = String::new();
    for (at, &letter) in letters.iter().enumerate() {
        if letter.is_ascii_uppercase() && at > 0 {
            let before = letters[at - 1];
            let after_is_small = letters.get(at + 1).is_some_and(char::is_ascii_lowercase);
            if !before.is_ascii_uppercase() || after_is_small {
                snake.push('_');
            }
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

/// `MDEntryPx` → `MD_ENTRY_PX`.
pub(super) fn shouting(name: &str) -> String {
    snake(name).to_ascii_uppercase()
}

/// `MDUpdateAction` → `MdUpdateAction`.
pub(super) fn pascal(name: &str) -> String {
    let capital = |word: &str| word[..1].to_ascii_uppercase() + &word[1..];
    snake(name).split('_').map(capital).collect()
}

/// `MDIncrementalRefreshBook46` without its number, which is the template's.
pub(super) fn base(message: &str) -> &str {
    message.trim_end_matches(|letter: char| letter.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_exchange_become_names_of_rust() {
        let cases = [
            ("MDEntryPx", "md_entry_px", "MdEntryPx"),
            ("NoOrderIDEntries", "no_order_id_entries", "NoOrderIdEntries"),
            ("CFICode", "cfi_code", "CfiCode"),
            ("ApplID", "appl_id", "ApplId"),
            ("ImpliedMatchingON", "implied_matching_on", "ImpliedMatchingOn"),
            (
                "iLinkIndicativeMassQuotingEligible",
                "i_link_indicative_mass_quoting_eligible",
                "ILinkIndicativeMassQuotingEligible",
            ),
            ("Symbol", "symbol", "Symbol"),
        ];
        for (name, small, large) in cases {
            assert_eq!((snake(name).as_str(), pascal(name).as_str()), (small, large));
            assert_eq!(shouting(name), small.to_ascii_uppercase());
        }
        assert_eq!(base("SecurityStatus30"), "SecurityStatus");
    }
}
