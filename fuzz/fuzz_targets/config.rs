//! A configuration: refused, or written out so that it reads the same again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use runtime::Config;

fuzz_target!(|text: &str| {
    if let Ok(config) = Config::parse(text) {
        let written = config.to_toml();
        let again = Config::parse(&written).expect("it was written by us");
        assert_eq!(again.to_toml(), written);
    }
});
