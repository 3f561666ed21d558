//! Where things stand in DBN records, versions 1 to 3: fixed little-endian layouts.
//!
//! ```text
//!  0       1       2               4               8               16
//!  ┌───────┬───────┬───────────────┬───────────────┬───────────────┬─ ─ ─
//!  │length │ rtype │ publisher_id  │ instrument_id │   ts_event    │ body
//!  │÷ 4    │       │ u16           │ u32           │   u64, ns     │
//!  └───────┴───────┴───────────────┴───────────────┴───────────────┴─ ─ ─
//! ```
//!
//! Fields carry the vendor's names (Databento, "Schemas and data formats"). Prices are in nanos, `i64::MAX` for
//! none; times in nanoseconds since 1970, `u64::MAX` for none. A live stream may carry `ts_out`, eight more bytes at
//! the end of every record, which no view shows.

use super::fields::{Field, Value, View, answer, field, headed, room, value, views};

views! {
    /// An order's event: market by order.
    Mbo, 56: {
        order_id: u64 @ 16, price: i64 @ 24, size: u32 @ 32, flags: u8 @ 36, channel_id: u8 @ 37, action: u8 @ 38,
        side: u8 @ 39, ts_recv: u64 @ 40, ts_in_delta: i32 @ 48, sequence: u32 @ 52,
    }
    /// A trade; also what market-by-price records begin with.
    Trade, 48: {
        price: i64 @ 16, size: u32 @ 24, action: u8 @ 28, side: u8 @ 29, flags: u8 @ 30, depth: u8 @ 31,
        ts_recv: u64 @ 32, ts_in_delta: i32 @ 40, sequence: u32 @ 44,
    }
    /// The best level a side: `mbp-1`, `tbbo`.
    Mbp1, 80: {
        price: i64 @ 16, size: u32 @ 24, action: u8 @ 28, side: u8 @ 29, flags: u8 @ 30, depth: u8 @ 31,
        ts_recv: u64 @ 32, ts_in_delta: i32 @ 40, sequence: u32 @ 44,
    }
    /// Ten levels a side.
    Mbp10, 368: {
        price: i64 @ 16, size: u32 @ 24, action: u8 @ 28, side: u8 @ 29, flags: u8 @ 30, depth: u8 @ 31,
        ts_recv: u64 @ 32, ts_in_delta: i32 @ 40, sequence: u32 @ 44,
    }
    /// The best level a side, sampled every second or minute; price, size and side are the last trade's.
    Bbo, 80: {
        price: i64 @ 16, size: u32 @ 24, side: u8 @ 29, flags: u8 @ 30, ts_recv: u64 @ 32, sequence: u32 @ 44,
    }
    /// The best of all venues, each side with the publisher it stands at: `cmbp-1`, `tcbbo`.
    Cmbp1, 80: {
        price: i64 @ 16, size: u32 @ 24, action: u8 @ 28, side: u8 @ 29, flags: u8 @ 30, ts_recv: u64 @ 32,
        ts_in_delta: i32 @ 40,
    }
    /// The best of all venues, sampled.
    Cbbo, 80: {
        price: i64 @ 16, size: u32 @ 24, side: u8 @ 29, flags: u8 @ 30, ts_recv: u64 @ 32,
    }
    /// A pair of levels, as they stand behind the common part of market-by-price records.
    Level, 32: {
        bid_px: i64 @ 0, ask_px: i64 @ 8, bid_sz: u32 @ 16, ask_sz: u32 @ 20, bid_ct: u32 @ 24, ask_ct: u32 @ 28,
    }
    /// The same in consolidated records: publishers where others count orders.
    ConsolidatedLevel, 32: {
        bid_px: i64 @ 0, ask_px: i64 @ 8, bid_sz: u32 @ 16, ask_sz: u32 @ 20, bid_pb: u16 @ 24, ask_pb: u16 @ 28,
    }
    /// A bar; `ts_event` is its beginning.
    Ohlcv, 56: {
        open: i64 @ 16, high: i64 @ 24, low: i64 @ 32, close: i64 @ 40, volume: u64 @ 48,
    }
    /// Trading opens, pauses or closes.
    Status, 40: {
        ts_recv: u64 @ 16, action: u16 @ 24, reason: u16 @ 26, trading_event: u16 @ 28, is_trading: u8 @ 30,
        is_quoting: u8 @ 31, is_short_sell_restricted: u8 @ 32,
    }
    /// What an auction would do.
    Imbalance, 112: {
        ts_recv: u64 @ 16, ref_price: i64 @ 24, auction_time: u64 @ 32, cont_book_clr_price: i64 @ 40,
        auct_interest_clr_price: i64 @ 48, ssr_filling_price: i64 @ 56, ind_match_price: i64 @ 64,
        upper_collar: i64 @ 72, lower_collar: i64 @ 80, paired_qty: u32 @ 88, total_imbalance_qty: u32 @ 92,
        market_imbalance_qty: u32 @ 96, unpaired_qty: u32 @ 100, auction_type: u8 @ 104, side: u8 @ 105,
        auction_status: u8 @ 106, freeze_status: u8 @ 107, num_extensions: u8 @ 108, unpaired_side: u8 @ 109,
        significant_imbalance: u8 @ 110,
    }
    /// A figure published beside the book, versions 1 and 2.
    StatV1, 64: {
        ts_recv: u64 @ 16, ts_ref: u64 @ 24, price: i64 @ 32, quantity: i32 @ 40, sequence: u32 @ 44,
        ts_in_delta: i32 @ 48, stat_type: u16 @ 52, channel_id: u16 @ 54, update_action: u8 @ 56, stat_flags: u8 @ 57,
    }
    /// A figure published beside the book, version 3: quantities grew.
    StatV3, 80: {
        ts_recv: u64 @ 16, ts_ref: u64 @ 24, price: i64 @ 32, quantity: i64 @ 40, sequence: u32 @ 48,
        ts_in_delta: i32 @ 52, stat_type: u16 @ 56, channel_id: u16 @ 58, update_action: u8 @ 60, stat_flags: u8 @ 61,
    }
    /// A number is given a name, version 1.
    SymbolMappingV1, 80: {
        stype_in_symbol: [22] @ 16, stype_out_symbol: [22] @ 38, start_ts: u64 @ 64, end_ts: u64 @ 72,
    }
    /// A number is given a name, versions 2 and 3.
    SymbolMappingV2, 176: {
        stype_in: u8 @ 16, stype_in_symbol: [71] @ 17, stype_out: u8 @ 88, stype_out_symbol: [71] @ 89,
        start_ts: u64 @ 160, end_ts: u64 @ 168,
    }
    /// The gateway reports an error, version 1.
    ErrorV1, 80: { err: [64] @ 16, }
    /// The gateway reports an error, versions 2 and 3.
    ErrorV2, 320: { err: [302] @ 16, code: u8 @ 318, is_last: u8 @ 319, }
    /// The gateway says something, version 1.
    SystemV1, 80: { msg: [64] @ 16, }
    /// The gateway says something, versions 2 and 3.
    SystemV2, 320: { msg: [303] @ 16, code: u8 @ 319, }
    /// An instrument's terms, version 1.
    DefinitionV1, 360: {
        ts_recv: u64 @ 16, min_price_increment: i64 @ 24, display_factor: i64 @ 32, expiration: u64 @ 40,
        activation: u64 @ 48, high_limit_price: i64 @ 56, low_limit_price: i64 @ 64,
        max_price_variation: i64 @ 72, trading_reference_price: i64 @ 80, unit_of_measure_qty: i64 @ 88,
        min_price_increment_amount: i64 @ 96, price_ratio: i64 @ 104, inst_attrib_value: i32 @ 112,
        underlying_id: u32 @ 116, raw_instrument_id: u32 @ 120, market_depth_implied: i32 @ 124,
        market_depth: i32 @ 128, market_segment_id: u32 @ 132, max_trade_vol: u32 @ 136,
        min_lot_size: i32 @ 140, min_lot_size_block: i32 @ 144, min_lot_size_round_lot: i32 @ 148,
        min_trade_vol: u32 @ 152, contract_multiplier: i32 @ 160, decay_quantity: i32 @ 164,
        original_contract_size: i32 @ 168, trading_reference_date: u16 @ 176, appl_id: i16 @ 178,
        maturity_year: u16 @ 180, decay_start_date: u16 @ 182, channel_id: u16 @ 184, currency: [4] @ 186,
        settl_currency: [4] @ 190, secsubtype: [6] @ 194, raw_symbol: [22] @ 200, group: [21] @ 222,
        exchange: [5] @ 243, asset: [7] @ 248, cfi: [7] @ 255, security_type: [7] @ 262,
        unit_of_measure: [31] @ 269, underlying: [21] @ 300, strike_price_currency: [4] @ 321,
        instrument_class: u8 @ 325, strike_price: i64 @ 328, match_algorithm: u8 @ 342,
        md_security_trading_status: u8 @ 343, main_fraction: u8 @ 344, price_display_format: u8 @ 345,
        settl_price_type: u8 @ 346, sub_fraction: u8 @ 347, underlying_product: u8 @ 348,
        security_update_action: u8 @ 349, maturity_month: u8 @ 350, maturity_day: u8 @ 351,
        maturity_week: u8 @ 352, user_defined_instrument: u8 @ 353, contract_multiplier_unit: i8 @ 354,
        flow_schedule_type: i8 @ 355, tick_rule: u8 @ 356,
    }
    /// An instrument's terms, version 2: longer symbols.
    DefinitionV2, 400: {
        ts_recv: u64 @ 16, min_price_increment: i64 @ 24, display_factor: i64 @ 32, expiration: u64 @ 40,
        activation: u64 @ 48, high_limit_price: i64 @ 56, low_limit_price: i64 @ 64,
        max_price_variation: i64 @ 72, trading_reference_price: i64 @ 80, unit_of_measure_qty: i64 @ 88,
        min_price_increment_amount: i64 @ 96, price_ratio: i64 @ 104, strike_price: i64 @ 112,
        inst_attrib_value: i32 @ 120, underlying_id: u32 @ 124, raw_instrument_id: u32 @ 128,
        market_depth_implied: i32 @ 132, market_depth: i32 @ 136, market_segment_id: u32 @ 140,
        max_trade_vol: u32 @ 144, min_lot_size: i32 @ 148, min_lot_size_block: i32 @ 152,
        min_lot_size_round_lot: i32 @ 156, min_trade_vol: u32 @ 160, contract_multiplier: i32 @ 164,
        decay_quantity: i32 @ 168, original_contract_size: i32 @ 172, trading_reference_date: u16 @ 176,
        appl_id: i16 @ 178, maturity_year: u16 @ 180, decay_start_date: u16 @ 182, channel_id: u16 @ 184,
        currency: [4] @ 186, settl_currency: [4] @ 190, secsubtype: [6] @ 194, raw_symbol: [71] @ 200,
        group: [21] @ 271, exchange: [5] @ 292, asset: [7] @ 297, cfi: [7] @ 304, security_type: [7] @ 311,
        unit_of_measure: [31] @ 318, underlying: [21] @ 349, strike_price_currency: [4] @ 370,
        instrument_class: u8 @ 374, match_algorithm: u8 @ 375, md_security_trading_status: u8 @ 376,
        main_fraction: u8 @ 377, price_display_format: u8 @ 378, settl_price_type: u8 @ 379,
        sub_fraction: u8 @ 380, underlying_product: u8 @ 381, security_update_action: u8 @ 382,
        maturity_month: u8 @ 383, maturity_day: u8 @ 384, maturity_week: u8 @ 385,
        user_defined_instrument: u8 @ 386, contract_multiplier_unit: i8 @ 387, flow_schedule_type: i8 @ 388,
        tick_rule: u8 @ 389,
    }
    /// An instrument's terms, version 3: legs.
    DefinitionV3, 520: {
        ts_recv: u64 @ 16, min_price_increment: i64 @ 24, display_factor: i64 @ 32, expiration: u64 @ 40,
        activation: u64 @ 48, high_limit_price: i64 @ 56, low_limit_price: i64 @ 64,
        max_price_variation: i64 @ 72, unit_of_measure_qty: i64 @ 80, min_price_increment_amount: i64 @ 88,
        price_ratio: i64 @ 96, strike_price: i64 @ 104, raw_instrument_id: u64 @ 112, leg_price: i64 @ 120,
        leg_delta: i64 @ 128, inst_attrib_value: i32 @ 136, underlying_id: u32 @ 140,
        market_depth_implied: i32 @ 144, market_depth: i32 @ 148, market_segment_id: u32 @ 152,
        max_trade_vol: u32 @ 156, min_lot_size: i32 @ 160, min_lot_size_block: i32 @ 164,
        min_lot_size_round_lot: i32 @ 168, min_trade_vol: u32 @ 172, contract_multiplier: i32 @ 176,
        decay_quantity: i32 @ 180, original_contract_size: i32 @ 184, leg_instrument_id: u32 @ 188,
        leg_ratio_price_numerator: i32 @ 192, leg_ratio_price_denominator: i32 @ 196,
        leg_ratio_qty_numerator: i32 @ 200, leg_ratio_qty_denominator: i32 @ 204, leg_underlying_id: u32 @ 208,
        appl_id: i16 @ 212, maturity_year: u16 @ 214, decay_start_date: u16 @ 216, channel_id: u16 @ 218,
        leg_count: u16 @ 220, leg_index: u16 @ 222, currency: [4] @ 224, settl_currency: [4] @ 228,
        secsubtype: [6] @ 232, raw_symbol: [71] @ 238, group: [21] @ 309, exchange: [5] @ 330,
        asset: [11] @ 335, cfi: [7] @ 346, security_type: [7] @ 353, unit_of_measure: [31] @ 360,
        underlying: [21] @ 391, strike_price_currency: [4] @ 412, leg_raw_symbol: [71] @ 416,
        instrument_class: u8 @ 487, match_algorithm: u8 @ 488, main_fraction: u8 @ 489,
        price_display_format: u8 @ 490, sub_fraction: u8 @ 491, underlying_product: u8 @ 492,
        security_update_action: u8 @ 493, maturity_month: u8 @ 494, maturity_day: u8 @ 495,
        maturity_week: u8 @ 496, user_defined_instrument: u8 @ 497, contract_multiplier_unit: i8 @ 498,
        flow_schedule_type: i8 @ 499, tick_rule: u8 @ 500, leg_instrument_class: u8 @ 501, leg_side: u8 @ 502,
    }
}

headed! {
    Mbo Trade Mbp1 Mbp10 Bbo Cmbp1 Cbbo Ohlcv Status Imbalance StatV1 StatV3 SymbolMappingV1 SymbolMappingV2 ErrorV1
    ErrorV2 SystemV1 SystemV2 DefinitionV1 DefinitionV2 DefinitionV3
}

/// The levels behind the common part.
macro_rules! levels {
    ($($view:ident shows $count:literal $level:ident)*) => {$(
        impl<'a> $view<'a> {
            /// The levels, best first.
            #[inline]
            pub fn levels(self) -> impl Iterator<Item = $level<'a>> {
                let levels: &[u8; $count * 32] = self.0[48..].first_chunk().expect("within the layout");
                levels.as_chunks().0.iter().map($level)
            }
        }
    )*};
}

levels! {
    Mbp1 shows 1 Level
    Mbp10 shows 10 Level
    Bbo shows 1 Level
    Cmbp1 shows 1 ConsolidatedLevel
    Cbbo shows 1 ConsolidatedLevel
}
