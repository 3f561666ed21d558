//! Which bytes of which template mean what. One list for the decoder and the encoder.
//!
//! Offsets, sizes and nulls are those of CME's schema files `templates_FixBinary` versions 5 (2014-08-06),
//! 8 (2016-07-01) and 9 (2018-03-08); the test below reads the files and holds every line here against them.
//! Schema 9 repeats the templates of prices with nine decimals instead of seven: same layout, new number.

use super::wire::{Field, Shape, Word, null};

/// Decimals of a price on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decimals {
    /// `PRICE`, `FLOAT`: exponent -7.
    Seven,
    /// `PRICE9`, `Decimal9`: exponent -9.
    Nine,
}

impl Decimals {
    /// The mantissa in nanos; `None` beyond what 64 bits hold.
    #[inline]
    pub(crate) const fn nanos(self, mantissa: i64) -> Option<i64> {
        mantissa.checked_mul(match self {
            Self::Seven => 100,
            Self::Nine => 1,
        })
    }
}

/// Every template of schemas 1 to 9, and its name.
pub(crate) const TEMPLATES: [(u16, &str); 30] = [
    (4, "ChannelReset"),
    (12, "AdminHeartbeat"),
    (15, "AdminLogin"),
    (16, "AdminLogout"),
    (27, "MDInstrumentDefinitionFuture"),
    (29, "MDInstrumentDefinitionSpread"),
    (30, "SecurityStatus"),
    (32, "MDIncrementalRefreshBook"),
    (33, "MDIncrementalRefreshDailyStatistics"),
    (34, "MDIncrementalRefreshLimitsBanding"),
    (35, "MDIncrementalRefreshSessionStatistics"),
    (36, "MDIncrementalRefreshTrade"),
    (37, "MDIncrementalRefreshVolume"),
    (38, "SnapshotFullRefresh"),
    (39, "QuoteRequest"),
    (41, "MDInstrumentDefinitionOption"),
    (42, "MDIncrementalRefreshTradeSummary"),
    (43, "MDIncrementalRefreshOrderBook"),
    (44, "SnapshotFullRefreshOrderBook"),
    (46, "MDIncrementalRefreshBook"),
    (47, "MDIncrementalRefreshOrderBook"),
    (48, "MDIncrementalRefreshTradeSummary"),
    (49, "MDIncrementalRefreshDailyStatistics"),
    (50, "MDIncrementalRefreshLimitsBanding"),
    (51, "MDIncrementalRefreshSessionStatistics"),
    (52, "SnapshotFullRefresh"),
    (53, "SnapshotFullRefreshOrderBook"),
    (54, "MDInstrumentDefinitionFuture"),
    (55, "MDInstrumentDefinitionOption"),
    (56, "MDInstrumentDefinitionSpread"),
];

macro_rules! layout {
    ($(#[$about:meta])* $name:ident, $bytes:literal bytes, templates $templates:tt, group $group:expr, {
        $($field:ident: $kind:ty = $schema_name:literal @ $at:literal, $null:expr;)*
    }) => {
        $(#[$about])*
        pub(crate) mod $name {
            #[allow(unused_imports, reason = "not every layout has a null")]
            use super::{Field, Shape, Word, null};

            $(
                #[allow(dead_code, reason = "some fields are known only to be nulled or checked")]
                pub(crate) const $field: Field<$kind> = Field::new($at);
            )*
            /// From the start to the end of the last field.
            #[allow(dead_code, reason = "the encoder's layouts need none")]
            pub(crate) const BYTES: usize = $bytes;
            #[allow(dead_code, reason = "only what may be short or blank is completed")]
            pub(crate) const SHAPES: &[Shape] = &[
                $(Shape { name: $schema_name, at: $at, size: <$kind as Word>::SIZE, null: $null },)*
            ];
            #[cfg(test)]
            pub(crate) const LAYOUT: super::tests::Layout = super::tests::Layout {
                templates: &$templates,
                group: $group,
                bytes: $bytes,
                shapes: SHAPES,
            };
        }
    };
}

layout! {
    /// The root of every incremental refresh and of the channel reset.
    root, 9 bytes, templates [4, 32, 33, 34, 35, 36, 37, 42, 43, 46, 47, 48, 49, 50, 51], group None, {
        TRANSACT_TIME: u64 = "TransactTime" @ 0, null::U64;
        MATCH_EVENT: u8 = "MatchEventIndicator" @ 8, 0;
    }
}

layout! {
    /// The channels that a reset is of: always the one it comes on.
    channel_reset, 2 bytes, templates [4], group Some("NoMDEntries"), {
        CHANNEL: i16 = "ApplID" @ 0, 0;
    }
}

layout! {
    /// A price level.
    level, 27 bytes, templates [32, 46], group Some("NoMDEntries"), {
        PRICE: i64 = "MDEntryPx" @ 0, null::I64.cast_unsigned();
        SIZE: i32 = "MDEntrySize" @ 8, null::I32 as u64;
        SECURITY: i32 = "SecurityID" @ 12, null::I32 as u64;
        RPT_SEQ: u32 = "RptSeq" @ 16, 0;
        ORDERS: i32 = "NumberOfOrders" @ 20, null::I32 as u64;
        DEPTH: u8 = "MDPriceLevel" @ 24, 0;
        ACTION: u8 = "MDUpdateAction" @ 25, null::U8 as u64;
        KIND: u8 = "MDEntryType" @ 26, 0;
    }
}

layout! {
    /// An order behind a price level of the same message (schemas 7 and later).
    level_order, 22 bytes, templates [32, 46], group Some("NoOrderIDEntries"), {
        ORDER: u64 = "OrderID" @ 0, null::U64;
        PRIORITY: u64 = "MDOrderPriority" @ 8, null::U64;
        SIZE: i32 = "MDDisplayQty" @ 16, null::I32 as u64;
        REFERENCE: u8 = "ReferenceID" @ 20, null::U8 as u64;
        ACTION: u8 = "OrderUpdateAction" @ 21, null::U8 as u64;
    }
}

layout! {
    /// An order on its own.
    order, 34 bytes, templates [43, 47], group Some("NoMDEntries"), {
        ORDER: u64 = "OrderID" @ 0, null::U64;
        PRIORITY: u64 = "MDOrderPriority" @ 8, null::U64;
        PRICE: i64 = "MDEntryPx" @ 16, null::I64.cast_unsigned();
        SIZE: i32 = "MDDisplayQty" @ 24, null::I32 as u64;
        SECURITY: i32 = "SecurityID" @ 28, null::I32 as u64;
        ACTION: u8 = "MDUpdateAction" @ 32, null::U8 as u64;
        KIND: u8 = "MDEntryType" @ 33, 0;
    }
}

layout! {
    /// A trade at one price. `MDTradeEntryID` lies in bytes that were padding before schema 7.
    trade, 30 bytes, templates [42, 48], group Some("NoMDEntries"), {
        PRICE: i64 = "MDEntryPx" @ 0, null::I64.cast_unsigned();
        SIZE: i32 = "MDEntrySize" @ 8, null::I32 as u64;
        SECURITY: i32 = "SecurityID" @ 12, null::I32 as u64;
        RPT_SEQ: u32 = "RptSeq" @ 16, 0;
        ORDERS: i32 = "NumberOfOrders" @ 20, null::I32 as u64;
        AGGRESSOR: u8 = "AggressorSide" @ 24, null::U8 as u64;
        ACTION: u8 = "MDUpdateAction" @ 25, null::U8 as u64;
        ID: u32 = "MDTradeEntryID" @ 26, null::U32 as u64;
    }
}

layout! {
    /// An order that took part in a trade.
    trade_order, 12 bytes, templates [42, 48], group Some("NoOrderIDEntries"), {
        ORDER: u64 = "OrderID" @ 0, null::U64;
        SIZE: i32 = "LastQty" @ 8, null::I32 as u64;
    }
}

layout! {
    /// A change of state.
    status, 30 bytes, templates [30], group None, {
        TRANSACT_TIME: u64 = "TransactTime" @ 0, null::U64;
        GROUP: [u8; 6] = "SecurityGroup" @ 8, 0;
        ASSET: [u8; 6] = "Asset" @ 14, 0;
        SECURITY: i32 = "SecurityID" @ 20, null::I32 as u64;
        TRADE_DATE: u16 = "TradeDate" @ 24, u16::MAX as u64;
        MATCH_EVENT: u8 = "MatchEventIndicator" @ 26, 0;
        STATUS: u8 = "SecurityTradingStatus" @ 27, null::U8 as u64;
        HALT_REASON: u8 = "HaltReason" @ 28, null::U8 as u64;
        TRADING_EVENT: u8 = "SecurityTradingEvent" @ 29, null::U8 as u64;
    }
}

layout! {
    /// Daily statistics, and the trades of schemas before 5: counted, their `RptSeq` checked.
    daily, 20 bytes, templates [33, 36, 49], group Some("NoMDEntries"), {
        SECURITY: i32 = "SecurityID" @ 12, null::I32 as u64;
        RPT_SEQ: u32 = "RptSeq" @ 16, 0;
    }
}

layout! {
    /// Price limits: counted, their `RptSeq` checked.
    limits, 32 bytes, templates [34, 50], group Some("NoMDEntries"), {
        SECURITY: i32 = "SecurityID" @ 24, null::I32 as u64;
        RPT_SEQ: u32 = "RptSeq" @ 28, 0;
    }
}

layout! {
    /// Session statistics: counted, their `RptSeq` checked.
    session, 16 bytes, templates [35, 51], group Some("NoMDEntries"), {
        SECURITY: i32 = "SecurityID" @ 8, null::I32 as u64;
        RPT_SEQ: u32 = "RptSeq" @ 12, 0;
    }
}

layout! {
    /// Traded volume: counted, its `RptSeq` checked.
    volume, 12 bytes, templates [37], group Some("NoMDEntries"), {
        SECURITY: i32 = "SecurityID" @ 4, null::I32 as u64;
        RPT_SEQ: u32 = "RptSeq" @ 8, 0;
    }
}

layout! {
    /// What futures, spreads and options say of themselves in the same place.
    definition, 59 bytes, templates [27, 29, 41, 54, 55, 56], group None, {
        MATCH_EVENT: u8 = "MatchEventIndicator" @ 0, 0;
        REPORTS: u32 = "TotNumReports" @ 1, null::U32 as u64;
        ACTION: u8 = "SecurityUpdateAction" @ 5, 0;
        UPDATED_AT: u64 = "LastUpdateTime" @ 6, null::U64;
        STATUS: u8 = "MDSecurityTradingStatus" @ 14, null::U8 as u64;
        CHANNEL: i16 = "ApplID" @ 15, 0;
        EXCHANGE: [u8; 4] = "SecurityExchange" @ 19, 0;
        GROUP: [u8; 6] = "SecurityGroup" @ 23, 0;
        ASSET: [u8; 6] = "Asset" @ 29, 0;
        SYMBOL: [u8; 20] = "Symbol" @ 35, 0;
        SECURITY: i32 = "SecurityID" @ 55, null::I32 as u64;
    }
}

layout! {
    /// The rest of a future.
    future, 213 bytes, templates [27, 54], group None, {
        SECURITY_TYPE: [u8; 6] = "SecurityType" @ 59, 0;
        CFI: [u8; 6] = "CFICode" @ 65, 0;
        CURRENCY: [u8; 3] = "Currency" @ 76, 0;
        SETTLEMENT_CURRENCY: [u8; 3] = "SettlCurrency" @ 79, 0;
        MATCH_ALGORITHM: u8 = "MatchAlgorithm" @ 82, 0;
        TRADE_SIZE_MIN: u32 = "MinTradeVol" @ 83, 0;
        TRADE_SIZE_MAX: u32 = "MaxTradeVol" @ 87, 0;
        TICK: i64 = "MinPriceIncrement" @ 91, null::I64.cast_unsigned();
        DISPLAY_FACTOR: i64 = "DisplayFactor" @ 99, null::I64.cast_unsigned();
        UNIT: [u8; 30] = "UnitOfMeasure" @ 110, 0;
        UNIT_SIZE: i64 = "UnitOfMeasureQty" @ 140, null::I64.cast_unsigned();
        REFERENCE_PRICE: i64 = "TradingReferencePrice" @ 148, null::I64.cast_unsigned();
        OPEN_INTEREST: i32 = "OpenInterestQty" @ 157, null::I32 as u64;
        CLEARED_VOLUME: i32 = "ClearedVolume" @ 161, null::I32 as u64;
        PRICE_MAX: i64 = "HighLimitPrice" @ 165, null::I64.cast_unsigned();
        PRICE_MIN: i64 = "LowLimitPrice" @ 173, null::I64.cast_unsigned();
        VARIATION_MAX: i64 = "MaxPriceVariation" @ 181, null::I64.cast_unsigned();
        TICK_AMOUNT: i64 = "MinPriceIncrementAmount" @ 205, null::I64.cast_unsigned();
    }
}

layout! {
    /// The rest of a spread. It says nothing of a contract's size: that is its legs'.
    spread, 120 bytes, templates [29, 56], group None, {
        CURRENCY: [u8; 3] = "Currency" @ 76, 0;
        TICK: i64 = "MinPriceIncrement" @ 94, null::I64.cast_unsigned();
        DISPLAY_FACTOR: i64 = "DisplayFactor" @ 102, null::I64.cast_unsigned();
        TICK_RULE: u8 = "TickRule" @ 119, 127;
    }
}

layout! {
    /// A leg of a spread.
    leg, 6 bytes, templates [29, 56], group Some("NoLegs"), {
        SECURITY: i32 = "LegSecurityID" @ 0, null::I32 as u64;
        SIDE: u8 = "LegSide" @ 4, 0;
        RATIO: u8 = "LegRatioQty" @ 5, 0;
    }
}

layout! {
    /// The rest of an option.
    option, 177 bytes, templates [41, 55], group None, {
        CURRENCY: [u8; 3] = "Currency" @ 77, 0;
        TICK: i64 = "MinPriceIncrement" @ 111, null::I64.cast_unsigned();
        TICK_AMOUNT: i64 = "MinPriceIncrementAmount" @ 119, null::I64.cast_unsigned();
        DISPLAY_FACTOR: i64 = "DisplayFactor" @ 127, null::I64.cast_unsigned();
        TICK_RULE: u8 = "TickRule" @ 135, 127;
        UNIT_SIZE: i64 = "UnitOfMeasureQty" @ 169, null::I64.cast_unsigned();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A layout and where in which templates it lies.
    pub(crate) struct Layout {
        pub(crate) templates: &'static [u16],
        pub(crate) group: Option<&'static str>,
        pub(crate) bytes: usize,
        pub(crate) shapes: &'static [Shape],
    }

    const LAYOUTS: [Layout; 17] = [
        root::LAYOUT,
        level::LAYOUT,
        level_order::LAYOUT,
        order::LAYOUT,
        trade::LAYOUT,
        trade_order::LAYOUT,
        status::LAYOUT,
        daily::LAYOUT,
        limits::LAYOUT,
        session::LAYOUT,
        volume::LAYOUT,
        definition::LAYOUT,
        future::LAYOUT,
        spread::LAYOUT,
        leg::LAYOUT,
        option::LAYOUT,
        channel_reset::LAYOUT,
    ];

    /// One tag of a schema: its name without a prefix, its attributes, and what follows it up to the next tag.
    struct Tag<'a> {
        name: &'a str,
        attributes: Vec<(&'a str, &'a str)>,
        text: &'a str,
    }

    impl Tag<'_> {
        fn get(&self, attribute: &str) -> Option<&str> {
            let found = self.attributes.iter().find(|(name, _)| *name == attribute);
            found.map(|(_, value)| *value)
        }

        fn number(&self, attribute: &str) -> Option<usize> {
            self.get(attribute).map(|text| text.parse().expect("a number"))
        }
    }

    /// Enough of XML for these files: no comments with tags in them, no quotes within values.
    fn tags(xml: &str) -> Vec<Tag<'_>> {
        let mut tags = Vec::new();
        for piece in xml.split('<').skip(1) {
            let (tag, text) = piece.split_once('>').expect("every tag ends");
            let (name, mut rest) = tag.split_once(char::is_whitespace).unwrap_or((tag, ""));
            // Prefixes are of no use here; a closing tag keeps its stroke.
            let name = match (name.strip_prefix('/'), name.rsplit_once(':')) {
                (None, Some((_, local))) => local,
                _ => name,
            };
            let mut attributes = Vec::new();
            while let Some((attribute, after)) = rest.split_once("=\"") {
                let (value, after) = after.split_once('"').expect("every value ends");
                attributes.push((attribute.trim(), value));
                rest = after;
            }
            tags.push(Tag { name: name.trim_end_matches('/'), attributes, text: text.trim() });
        }
        tags
    }

    fn primitive_bytes(primitive: &str) -> usize {
        match primitive {
            "char" | "int8" | "uint8" => 1,
            "int16" | "uint16" => 2,
            "int32" | "uint32" => 4,
            "int64" | "uint64" => 8,
            other => panic!("unknown primitive {other}"),
        }
    }

    /// What a type is on the wire.
    #[derive(Clone, Debug, Default)]
    struct Kind {
        bytes: usize,
        null: Option<String>,
        exponent: Option<String>,
    }

    /// Types, composites, enumerations and sets by name.
    fn kinds(tags: &[Tag<'_>]) -> std::collections::BTreeMap<String, Kind> {
        let mut kinds = std::collections::BTreeMap::<String, Kind>::new();
        let mut composite: Option<String> = None;
        for tag in tags {
            let name = tag.get("name").unwrap_or_default().to_string();
            match tag.name {
                "composite" => {
                    composite = Some(name.clone());
                    kinds.insert(name, Kind::default());
                }
                "type" => {
                    let constant = tag.get("presence") == Some("constant");
                    let length = tag.number("length").unwrap_or(1);
                    let bytes = match constant {
                        true => 0,
                        false => length * primitive_bytes(tag.get("primitiveType").expect("given")),
                    };
                    let kind = kinds.entry(composite.clone().unwrap_or_else(|| name.clone())).or_default();
                    kind.bytes += bytes;
                    if name == "exponent" {
                        kind.exponent = Some(tag.text.to_string());
                    } else if let Some(null) = tag.get("nullValue") {
                        kind.null = Some(null.to_string());
                    }
                }
                "enum" | "set" => {
                    let encoding = tag.get("encodingType").expect("given");
                    let kind = match kinds.get(encoding) {
                        Some(kind) => kind.clone(),
                        None => Kind { bytes: primitive_bytes(encoding), ..Kind::default() },
                    };
                    kinds.insert(name, kind);
                }
                "/composite" => composite = None,
                _ => {}
            }
        }
        kinds
    }

    #[test]
    fn every_field_lies_where_the_schemas_say() {
        let mut checked = 0;
        for file in [
            "templates_FixBinary_v5_20140806.xml",
            "templates_FixBinary_v8_20160701.xml",
            "templates_FixBinary_v9_20180308.xml",
        ] {
            let Some(path) = testkit::data::recorded(&format!("cme-mdp3/templates/{file}")) else {
                return;
            };
            let xml = std::fs::read_to_string(path).expect("just found");
            let tags = tags(&xml);
            let kinds = kinds(&tags);
            let first = tags.iter().position(|tag| tag.name == "message").expect("messages");
            let (mut template, mut group) = (0, None);
            let mut known = std::collections::BTreeSet::new();
            let mut found = std::collections::BTreeSet::new();
            for tag in &tags[first..] {
                match tag.name {
                    "message" => {
                        template = u16::try_from(tag.number("id").expect("an id")).expect("small");
                        group = None;
                        let name = tag.get("name").expect("a name");
                        let ours = TEMPLATES.iter().find(|(id, _)| *id == template).expect("listed");
                        assert_eq!(format!("{}{template}", ours.1), name, "{file}");
                    }
                    "group" => {
                        group = tag.get("name");
                        let wide = group == Some("NoOrderIDEntries");
                        let expected = if wide { "groupSize8Byte" } else { "groupSize" };
                        assert_eq!(tag.get("dimensionType"), Some(expected), "{file} {template}");
                    }
                    "/group" => group = None,
                    "field" => {
                        for (number, layout) in LAYOUTS.iter().enumerate() {
                            if !layout.templates.contains(&template) || layout.group != group {
                                continue;
                            }
                            known.insert((number, template));
                            let name = tag.get("name").expect("a name");
                            let Some(shape) = layout.shapes.iter().find(|shape| shape.name == name) else {
                                continue;
                            };
                            let place = format!("{file} {template} {name}");
                            let kind = &kinds[tag.get("type").expect("a type")];
                            assert_eq!(tag.number("offset"), Some(shape.at), "{place}");
                            assert_eq!(kind.bytes, shape.size, "{place}");
                            assert!(shape.at + shape.size <= layout.bytes, "{place}");
                            // Our null is the schema's where it has one.
                            if let Some(null) = &kind.null {
                                let null: u64 = null.parse().expect("a number");
                                assert_eq!(shape.null, null, "{place}");
                            }
                            // Prices: the exponent is the one the template's number stands for.
                            if let (8, Some(exponent)) = (shape.size, &kind.exponent) {
                                let nine = matches!(template, 46..=56);
                                assert_eq!(exponent, if nine { "-9" } else { "-7" }, "{place}");
                            }
                            found.insert((number, template, shape.name));
                            checked += 1;
                        }
                    }
                    _ => {}
                }
            }
            // Nothing of ours is missing from a template that the schema has.
            for (number, template) in known {
                for shape in LAYOUTS[number].shapes {
                    let later = file.contains("_v5_") && shape.name == "MDTradeEntryID";
                    assert_ne!(
                        found.contains(&(number, template, shape.name)),
                        later,
                        "{file} {template} {shape:?}"
                    );
                }
            }
        }
        assert!(checked > 300, "{checked}");
    }

    #[test]
    fn seven_decimals_become_nanos_and_overflow_is_no_price() {
        assert_eq!(Decimals::Seven.nanos(-12_345), Some(-1_234_500));
        assert_eq!(Decimals::Nine.nanos(i64::MIN), Some(i64::MIN));
        assert_eq!(Decimals::Seven.nanos(i64::MAX / 10), None);
    }
}
