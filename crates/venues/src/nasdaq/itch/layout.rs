//! Which bytes of which message mean what: one table, from which the views, the lengths, the text form and the
//! encoder come.
//!
//! Names, offsets and sizes are those of "Nasdaq TotalView-ITCH 5.0" (sections 1.1 to 1.8 of the editions since
//! 2021, 4.1 to 4.8 of those before); the names are written as ours are, the specification's stand beside them.

use super::word::{Field, Price4, Price8, Timestamp, Word};

macro_rules! messages {
    ($(
        $(#[$about:meta])*
        $tag:literal $name:ident, $bytes:literal bytes, section $section:literal {
            $($field:ident: $kind:ty = $spec:literal @ $at:literal;)*
        }
    )*) => {
        $(
            $(#[$about])*
            #[doc = concat!("\n\nSection ", $section, ", ", stringify!($bytes), " bytes. A view: read in place.")]
            #[derive(Clone, Copy, Debug, PartialEq, Eq)]
            pub struct $name<'a>(&'a [u8; $bytes]);

            impl<'a> $name<'a> {
                /// The message type.
                pub const TYPE: u8 = $tag;
                /// Bytes, the type included.
                pub const BYTES: usize = $bytes;
                /// Its fields, in their order.
                pub const FIELDS: &'static [Field] = &[$(Field {
                    name: $spec, offset: $at, size: <$kind as Word>::SIZE, kind: <$kind as Word>::KIND,
                },)*];

                /// The message at the start of `bytes`; `None` when they are too few or of another type.
                #[inline(always)]
                #[must_use]
                pub fn read(bytes: &'a [u8]) -> Option<Self> {
                    let bytes: &[u8; $bytes] = bytes.first_chunk()?;
                    if bytes[0] == $tag { Some(Self(bytes)) } else { None }
                }

                /// All of it.
                #[inline(always)]
                #[must_use]
                pub const fn bytes(self) -> &'a [u8; $bytes] {
                    self.0
                }

                $(
                    #[doc = concat!("`", $spec, "`, at byte ", stringify!($at), ".")]
                    #[inline(always)]
                    #[must_use]
                    pub fn $field(self) -> $kind {
                        <$kind as Word>::get(self.0, $at)
                    }
                )*

                /// Every field at once.
                #[must_use]
                pub fn fields(self) -> make::$name {
                    make::$name { $($field: self.$field(),)* }
                }
            }

            // Fields follow each other without a hole, and the last ends the message.
            const _: () = {
                let (mut at, mut next) = (1, 0);
                while next < $name::FIELDS.len() {
                    assert!($name::FIELDS[next].offset == at, "a hole or an overlap");
                    at += $name::FIELDS[next].size;
                    next += 1;
                }
                assert!(at == $bytes, "the fields do not fill the message");
            };
        )*

        /// A message, told by its type.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Message<'a> {
            $(
                $(#[$about])*
                $name($name<'a>),
            )*
        }

        impl<'a> Message<'a> {
            /// The message at the start of `bytes`; `None` when they are too few, or the type is none we know.
            #[inline(always)]
            #[must_use]
            pub fn read(bytes: &'a [u8]) -> Option<Self> {
                match *bytes.first()? {
                    $($tag => Some(Self::$name($name(bytes.first_chunk()?))),)*
                    _ => None,
                }
            }

            /// All of it.
            #[must_use]
            pub const fn bytes(self) -> &'a [u8] {
                match self { $(Self::$name(message) => message.0,)* }
            }

            /// Its entry in [`SPECS`].
            #[must_use]
            pub const fn spec(self) -> &'static Spec {
                match self { $(Self::$name(_) => &Spec {
                    tag: $tag, name: stringify!($name), section: $section, bytes: $bytes, fields: $name::FIELDS,
                },)* }
            }
        }

        /// Every message type of ITCH 5.0.
        pub const SPECS: &[Spec] = &[$(Spec {
            tag: $tag, name: stringify!($name), section: $section, bytes: $bytes, fields: $name::FIELDS,
        },)*];

        /// Messages to be sent, for tests and simulators: what the views read, written down.
        pub mod make {
            use super::{Price4, Price8, Timestamp, Word};
            // Not every kind of word is in every table.
            const _: Option<Price8> = None;

            $(
                $(#[$about])*
                #[derive(Clone, Copy, Debug, PartialEq, Eq)]
                pub struct $name {
                    $(
                        #[doc = concat!("`", $spec, "`.")]
                        pub $field: $kind,
                    )*
                }

                impl $name {
                    /// The message as it is sent.
                    #[must_use]
                    pub fn bytes(&self) -> [u8; $bytes] {
                        let mut bytes = [0; $bytes];
                        bytes[0] = $tag;
                        $(<$kind as Word>::put(self.$field, &mut bytes, $at);)*
                        bytes
                    }
                }
            )*
        }
    };
}

/// What the table says of one message type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spec {
    /// The message type.
    pub tag: u8,
    /// Our name for it.
    pub name: &'static str,
    /// Where in the specification it stands.
    pub section: &'static str,
    /// Bytes, the type included.
    pub bytes: usize,
    /// Its fields, in their order.
    pub fields: &'static [Field],
}

messages! {
    /// System Event Message: the day's course.
    b'S' SystemEvent, 12 bytes, section "1.1" {
        stock_locate: u16 = "Stock Locate" @ 1;
        tracking_number: u16 = "Tracking Number" @ 3;
        timestamp: Timestamp = "Timestamp" @ 5;
        event_code: u8 = "Event Code" @ 11;
    }
    /// Stock Directory: which stocks there are.
    b'R' StockDirectory, 39 bytes, section "1.2.1" {
        stock_locate: u16 = "Stock Locate" @ 1;
        tracking_number: u16 = "Tracking Number" @ 3;
        timestamp: Timestamp = "Timestamp" @ 5;
        stock: [u8; 8] = "Stock" @ 11;
        market_category: u8 = "Market Category" @ 19;
        financial_status_indicator: u8 = "Financial Status Indicator" @ 20;
        round_lot_size: u32 = "Round Lot Size" @ 21;
        round_lots_only: u8 = "Round Lots Only" @ 25;
        issue_classification: u8 = "Issue Classification" @ 26;
        issue_sub_type: [u8; 2] = "Issue Sub-Type" @ 27;
        authenticity: u8 = "Authenticity" @ 29;
        short_sale_threshold_indicator: u8 = "Short Sale Threshold Indicator" @ 30;
        ipo_flag: u8 = "IPO Flag" @ 31;
        luld_reference_price_tier: u8 = "LULD Reference Price Tier" @ 32;
        etp_flag: u8 = "ETP Flag" @ 33;
        etp_leverage_factor: u32 = "ETP Leverage Factor" @ 34;
        inverse_indicator: u8 = "Inverse Indicator" @ 38;
    }
    /// Stock Trading Action: halted, paused, quoting, trading.
    b'H' StockTradingAction, 25 bytes, section "1.2.2" {
        stock_locate: u16 = "Stock Locate" @ 1;
        tracking_number: u16 = "Tracking Number" @ 3;
        timestamp: Timestamp = "Timestamp" @ 5;
        stock: [u8; 8] = "Stock" @ 11;
        trading_state: u8 = "Trading State" @ 19;
        reserved: u8 = "Reserved" @ 20;
        reason: [u8; 4] = "Reason" @ 21;
    }
    /// Reg SHO Short Sale Price Test Restricted Indicator.
    b'Y' RegShoRestriction, 20 bytes, section "1.2.3" {
        stock_locate: u16 = "Stock Locate" @ 1;
        tracking_number: u16 = "Tracking Number" @ 3;
        timestamp: Timestamp = "Timestamp" @ 5;
        stock: [u8; 8] = "Stock" @ 11;
        reg_sho_action: u8 = "Reg SHO Action" @ 19;
    }
    /// Market Participant Position: who makes a market in what.
    b'L' MarketParticipantPosition, 26 bytes, section "1.2.4" {
        stock_locate: u16 = "Stock Locate" @ 1;
        tracking_number: u16 = "Tracking Number" @ 3;
        timestamp: Timestamp = "Timestamp" @ 5;
        mpid: [u8; 4] = "MPID" @ 11;
        stock: [u8; 8] = "Stock" @ 15;
        primary_market_maker: u8 = "Primary Market Maker" @ 23;
        market_maker_mode: u8 = "Market Maker Mode" @ 24;
        market_participant_state: u8 = "Market Participant State" @ 25;
    }
    /// Market-Wide Circuit Breaker Decline Level: the index levels of the day.
    b'V' MwcbDeclineLevel, 35 bytes, section "1.2.5.1" {
        stock_locate: u16 = "Stock Locate" @ 1;
        tracking_number: u16 = "Tracking Number" @ 3;
        timestamp: Timestamp = "Timestamp" @ 5;
        level_1: Price8 = "Level 1" @ 11;
        level_2: Price8 = "Level 2" @ 19;
        level_3: Price8 = "Level 3" @ 27;
    }
    /// Market-Wide Circuit Breaker Status: a level was breached.
    b'W' MwcbStatus, 12 bytes, section "1.2.5.2" {
        stock_locate: u16 = "Stock Locate" @ 1;
        tracking_number: u16 = "Tracking Number" @ 3;
        timestamp: Timestamp = "Timestamp" @ 5;
        breached_level: u8 = "Breached Level" @ 11;
    }
    /// Quoting Period Update: when an IPO's quotation is to be released.
    b'K' QuotingPeriodUpdate, 28 bytes, section "1.2.6" {
        stock_locate: u16 = "Stock Locate" @ 1;
        tracking_number: u16 = "Tracking Number" @ 3;
        timestamp: Timestamp = "Timestamp" @ 5;
        stock: [u8; 8] = "Stock" @ 11;
        ipo_quotation_release_time: u32 = "IPO Quotation Release Time" @ 19;
        ipo_quotation_release_qualifier: u8 = "IPO Quotation Release Qualifier" @ 23;
        ipo_price: Price4 = "IPO Price" @ 24;
    }
    /// Limit Up, Limit Down Auction Collar.
    b'J' LuldAuctionCollar, 35 bytes, section "1.2.7" {
        stock_locate: u16 = "Stock Locate" @ 1;
        tracking_number: u16 = "Tracking Number" @ 3;
        timestamp: Timestamp = "Timestamp" @ 5;
        stock: [u8; 8] = "Stock" @ 11;
        auction_collar_reference_price: Price4 = "Auction Collar Reference Price" @ 19;
        upper_auction_collar_price: Price4 = "Upper Auction Collar Price" @ 23;
        lower_auction_collar_price: Price4 = "Lower Auction Collar Price" @ 27;
        auction_collar_extension: u32 = "Auction Collar Extension" @ 31;
    }
    /// Operational Halt: one market centre's service is interrupted for a stock.
    b'h' OperationalHalt, 21 bytes, section "1.2.8" {
        stock_locate: u16 = "Stock Locate" @ 1;
        tracking_number: u16 = "Tracking Number" @ 3;
        timestamp: Timestamp = "Timestamp" @ 5;
        stock: [u8; 8] = "Stock" @ 11;
        market_code: u8 = "Market Code" @ 19;
        operational_halt_action: u8 = "Operational Halt Action" @ 20;
    }
    /// Add Order, no MPID attribution.
    b'A' AddOrder, 36 bytes, section "1.3.1" {
        stock_locate: u16 = "Stock Locate" @ 1;
        tracking_number: u16 = "Tracking Number" @ 3;
        timestamp: Timestamp = "Timestamp" @ 5;
        order_reference_number: u64 = "Order Reference Number" @ 11;
        buy_sell_indicator: u8 = "Buy/Sell Indicator" @ 19;
        shares: u32 = "Shares" @ 20;
        stock: [u8; 8] = "Stock" @ 24;
        price: Price4 = "Price" @ 32;
    }
    /// Add Order with MPID attribution.
    b'F' AddOrderMpid, 40 bytes, section "1.3.2" {
        stock_locate: u16 = "Stock Locate" @ 1;
        tracking_number: u16 = "Tracking Number" @ 3;
        timestamp: Timestamp = "Timestamp" @ 5;
        order_reference_number: u64 = "Order Reference Number" @ 11;
        buy_sell_indicator: u8 = "Buy/Sell Indicator" @ 19;
        shares: u32 = "Shares" @ 20;
        stock: [u8; 8] = "Stock" @ 24;
        price: Price4 = "Price" @ 32;
        attribution: [u8; 4] = "Attribution" @ 36;
    }
    /// Order Executed, at the order's own price.
    b'E' OrderExecuted, 31 bytes, section "1.4.1" {
        stock_locate: u16 = "Stock Locate" @ 1;
        tracking_number: u16 = "Tracking Number" @ 3;
        timestamp: Timestamp = "Timestamp" @ 5;
        order_reference_number: u64 = "Order Reference Number" @ 11;
        executed_shares: u32 = "Executed Shares" @ 19;
        match_number: u64 = "Match Number" @ 23;
    }
    /// Order Executed With Price, which is not the order's own.
    b'C' OrderExecutedWithPrice, 36 bytes, section "1.4.2" {
        stock_locate: u16 = "Stock Locate" @ 1;
        tracking_number: u16 = "Tracking Number" @ 3;
        timestamp: Timestamp = "Timestamp" @ 5;
        order_reference_number: u64 = "Order Reference Number" @ 11;
        executed_shares: u32 = "Executed Shares" @ 19;
        match_number: u64 = "Match Number" @ 23;
        printable: u8 = "Printable" @ 31;
        execution_price: Price4 = "Execution Price" @ 32;
    }
    /// Order Cancel: a part of it.
    b'X' OrderCancel, 23 bytes, section "1.4.3" {
        stock_locate: u16 = "Stock Locate" @ 1;
        tracking_number: u16 = "Tracking Number" @ 3;
        timestamp: Timestamp = "Timestamp" @ 5;
        order_reference_number: u64 = "Order Reference Number" @ 11;
        canceled_shares: u32 = "Cancelled Shares" @ 19;
    }
    /// Order Delete: all that is left of it.
    b'D' OrderDelete, 19 bytes, section "1.4.4" {
        stock_locate: u16 = "Stock Locate" @ 1;
        tracking_number: u16 = "Tracking Number" @ 3;
        timestamp: Timestamp = "Timestamp" @ 5;
        order_reference_number: u64 = "Order Reference Number" @ 11;
    }
    /// Order Replace: deleted, and added under another number.
    b'U' OrderReplace, 35 bytes, section "1.4.5" {
        stock_locate: u16 = "Stock Locate" @ 1;
        tracking_number: u16 = "Tracking Number" @ 3;
        timestamp: Timestamp = "Timestamp" @ 5;
        original_order_reference_number: u64 = "Original Order Reference Number" @ 11;
        new_order_reference_number: u64 = "New Order Reference Number" @ 19;
        shares: u32 = "Shares" @ 27;
        price: Price4 = "Price" @ 31;
    }
    /// Trade Message (Non-Cross): against an order that was not displayed.
    b'P' NonCrossTrade, 44 bytes, section "1.5.1" {
        stock_locate: u16 = "Stock Locate" @ 1;
        tracking_number: u16 = "Tracking Number" @ 3;
        timestamp: Timestamp = "Timestamp" @ 5;
        order_reference_number: u64 = "Order Reference Number" @ 11;
        buy_sell_indicator: u8 = "Buy/Sell Indicator" @ 19;
        shares: u32 = "Shares" @ 20;
        stock: [u8; 8] = "Stock" @ 24;
        price: Price4 = "Price" @ 32;
        match_number: u64 = "Match Number" @ 36;
    }
    /// Cross Trade: the one print of an auction.
    b'Q' CrossTrade, 40 bytes, section "1.5.2" {
        stock_locate: u16 = "Stock Locate" @ 1;
        tracking_number: u16 = "Tracking Number" @ 3;
        timestamp: Timestamp = "Timestamp" @ 5;
        shares: u64 = "Shares" @ 11;
        stock: [u8; 8] = "Stock" @ 19;
        cross_price: Price4 = "Cross Price" @ 27;
        match_number: u64 = "Match Number" @ 31;
        cross_type: u8 = "Cross Type" @ 39;
    }
    /// Broken Trade: an execution never was.
    b'B' BrokenTrade, 19 bytes, section "1.5.3" {
        stock_locate: u16 = "Stock Locate" @ 1;
        tracking_number: u16 = "Tracking Number" @ 3;
        timestamp: Timestamp = "Timestamp" @ 5;
        match_number: u64 = "Match Number" @ 11;
    }
    /// Net Order Imbalance Indicator, before an auction.
    b'I' NetOrderImbalance, 50 bytes, section "1.6" {
        stock_locate: u16 = "Stock Locate" @ 1;
        tracking_number: u16 = "Tracking Number" @ 3;
        timestamp: Timestamp = "Timestamp" @ 5;
        paired_shares: u64 = "Paired Shares" @ 11;
        imbalance_shares: u64 = "Imbalance Shares" @ 19;
        imbalance_direction: u8 = "Imbalance Direction" @ 27;
        stock: [u8; 8] = "Stock" @ 28;
        far_price: Price4 = "Far Price" @ 36;
        near_price: Price4 = "Near Price" @ 40;
        current_reference_price: Price4 = "Current Reference Price" @ 44;
        cross_type: u8 = "Cross Type" @ 48;
        price_variation_indicator: u8 = "Price Variation Indicator" @ 49;
    }
    /// Retail Price Improvement Indicator.
    b'N' RetailPriceImprovement, 20 bytes, section "1.7" {
        stock_locate: u16 = "Stock Locate" @ 1;
        tracking_number: u16 = "Tracking Number" @ 3;
        timestamp: Timestamp = "Timestamp" @ 5;
        stock: [u8; 8] = "Stock" @ 11;
        interest_flag: u8 = "Interest Flag" @ 19;
    }
    /// Direct Listing with Capital Raise Price Discovery.
    b'O' DirectListing, 48 bytes, section "1.8" {
        stock_locate: u16 = "Stock Locate" @ 1;
        tracking_number: u16 = "Tracking Number" @ 3;
        timestamp: Timestamp = "Timestamp" @ 5;
        stock: [u8; 8] = "Stock" @ 11;
        open_eligibility_status: u8 = "Open Eligibility Status" @ 19;
        minimum_allowable_price: Price4 = "Minimum Allowable Price" @ 20;
        maximum_allowable_price: Price4 = "Maximum Allowable Price" @ 24;
        near_execution_price: Price4 = "Near Execution Price" @ 28;
        near_execution_time: u64 = "Near Execution Time" @ 32;
        lower_price_range_collar: Price4 = "Lower Price Range Collar" @ 40;
        upper_price_range_collar: Price4 = "Upper Price Range Collar" @ 44;
    }
}

/// Bytes of a message of each type; 0 where there is no such type.
pub const LENGTHS: [u8; 256] = {
    let mut lengths = [0; 256];
    let mut at = 0;
    while at < SPECS.len() {
        assert!(lengths[SPECS[at].tag as usize] == 0, "a type stands in the table twice");
        assert!(SPECS[at].bytes <= BYTES_MAX, "no message is longer");
        #[expect(clippy::cast_possible_truncation, reason = "just compared")]
        {
            lengths[SPECS[at].tag as usize] = SPECS[at].bytes as u8;
        }
        at += 1;
    }
    lengths
};

/// The longest message.
pub const BYTES_MAX: usize = NetOrderImbalance::BYTES;
/// The shortest one.
pub const BYTES_MIN: usize = SystemEvent::BYTES;

/// Bytes of a message of type `tag`; `None` when there is no such type.
#[inline(always)]
#[must_use]
pub const fn length(tag: u8) -> Option<usize> {
    match LENGTHS[tag as usize] {
        0 => None,
        bytes => Some(bytes as usize),
    }
}

/// What every message starts with: type, stock locate, tracking number, timestamp.
pub const HEADER_BYTES: usize = 11;

/// The stock locate of any message; `None` when there are too few bytes.
#[inline]
#[must_use]
pub fn stock_locate(message: &[u8]) -> Option<u16> {
    Some(u16::from_be_bytes(*message.get(1..3)?.first_chunk()?))
}

/// The timestamp of any message; `None` when there are too few bytes.
#[inline]
#[must_use]
pub fn timestamp(message: &[u8]) -> Option<Timestamp> {
    (message.len() >= HEADER_BYTES).then(|| Timestamp::get(message, 5))
}

impl Message<'_> {
    /// Appends type, name and every field under its name in the specification, on one line:
    /// `D OrderDelete|Stock Locate=2|…|Order Reference Number=4711`.
    pub fn write(self, out: &mut String) {
        let spec = self.spec();
        out.push(char::from(spec.tag));
        out.push(' ');
        out.push_str(spec.name);
        for field in spec.fields {
            out.push('|');
            out.push_str(field.name);
            out.push('=');
            field.write(self.bytes(), out);
        }
    }
}
