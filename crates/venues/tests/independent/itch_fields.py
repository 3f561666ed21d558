"""Every field of every message of a file of ITCH 5.0, as the Python package `itchfeed` reads it.

Written one message a line as Type|Field=Value|..., the fields under the specification's names and in its order, prices
in their units (no decimal point), text without its padding. Afterwards lines that start with `#`, which this script
counts on its own: orders named that were never added, and orders left at the end.

Usage: itch_fields.py FILE, whose messages lie behind two bytes of length (zero is taken for "as long as its type").
"""

import sys

from itch.messages import messages

HEADER = [("Stock Locate", "stock_locate"), ("Tracking Number", "tracking_number"), ("Timestamp", "timestamp")]
STOCK = [("Stock", "stock")]
ORDER = [("Order Reference Number", "order_reference_number")]
ADD = ORDER + [("Buy/Sell Indicator", "buy_sell_indicator"), ("Shares", "shares"), *STOCK, ("Price", "price")]
FIELDS = {
    b"S": [("Event Code", "event_code")],
    b"R": STOCK + [
        ("Market Category", "market_category"),
        ("Financial Status Indicator", "financial_status_indicator"),
        ("Round Lot Size", "round_lot_size"),
        ("Round Lots Only", "round_lots_only"),
        ("Issue Classification", "issue_classification"),
        ("Issue Sub-Type", "issue_sub_type"),
        ("Authenticity", "authenticity"),
        ("Short Sale Threshold Indicator", "short_sale_threshold_indicator"),
        ("IPO Flag", "ipo_flag"),
        ("LULD Reference Price Tier", "luld_ref"),
        ("ETP Flag", "etp_flag"),
        ("ETP Leverage Factor", "etp_leverage_factor"),
        ("Inverse Indicator", "inverse_indicator"),
    ],
    b"H": STOCK + [("Trading State", "trading_state"), ("Reserved", "reserved"), ("Reason", "reason")],
    b"Y": STOCK + [("Reg SHO Action", "reg_sho_action")],
    b"L": [("MPID", "mpid")] + STOCK + [
        ("Primary Market Maker", "primary_market_maker"),
        ("Market Maker Mode", "market_maker_mode"),
        ("Market Participant State", "market_participant_state"),
    ],
    b"V": [("Level 1", "level1_price"), ("Level 2", "level2_price"), ("Level 3", "level3_price")],
    b"W": [("Breached Level", "breached_level")],
    b"K": STOCK + [
        ("IPO Quotation Release Time", "ipo_release_time"),
        ("IPO Quotation Release Qualifier", "ipo_release_qualifier"),
        ("IPO Price", "ipo_price"),
    ],
    b"J": STOCK + [
        ("Auction Collar Reference Price", "auction_collar_reference_price"),
        ("Upper Auction Collar Price", "upper_auction_collar_price"),
        ("Lower Auction Collar Price", "lower_auction_collar_price"),
        ("Auction Collar Extension", "auction_collar_extention"),
    ],
    b"h": STOCK + [("Market Code", "market_code"), ("Operational Halt Action", "operational_halt_action")],
    b"A": ADD,
    b"F": ADD + [("Attribution", "attribution")],
    b"E": ORDER + [("Executed Shares", "executed_shares"), ("Match Number", "match_number")],
    b"C": ORDER + [
        ("Executed Shares", "executed_shares"),
        ("Match Number", "match_number"),
        ("Printable", "printable"),
        ("Execution Price", "execution_price"),
    ],
    b"X": ORDER + [("Cancelled Shares", "cancelled_shares")],
    b"D": ORDER,
    b"U": [
        ("Original Order Reference Number", "order_reference_number"),
        ("New Order Reference Number", "new_order_reference_number"),
        ("Shares", "shares"),
        ("Price", "price"),
    ],
    b"P": ADD + [("Match Number", "match_number")],
    b"Q": [("Shares", "shares"), *STOCK, ("Cross Price", "cross_price"), ("Match Number", "match_number"),
           ("Cross Type", "cross_type")],
    b"B": [("Match Number", "match_number")],
    b"I": [
        ("Paired Shares", "paired_shares"),
        ("Imbalance Shares", "imbalance_shares"),
        ("Imbalance Direction", "imbalance_direction"),
        *STOCK,
        ("Far Price", "far_price"),
        ("Near Price", "near_price"),
        ("Current Reference Price", "current_reference_price"),
        ("Cross Type", "cross_type"),
        ("Price Variation Indicator", "variation_indicator"),
    ],
    b"N": STOCK + [("Interest Flag", "interest_flag")],
    b"O": STOCK + [
        ("Open Eligibility Status", "open_eligibility_status"),
        ("Minimum Allowable Price", "minimum_allowable_price"),
        ("Maximum Allowable Price", "maximum_allowable_price"),
        ("Near Execution Price", "near_execution_price"),
        ("Near Execution Time", "near_execution_time"),
        ("Lower Price Range Collar", "lower_price_range_collar"),
        ("Upper Price Range Collar", "upper_price_range_collar"),
    ],
}


def text(value):
    if isinstance(value, bytes):
        return value.decode("ascii").rstrip(" ") if len(value) > 1 else value.decode("ascii")
    return str(value)


def main(path):
    with open(path, "rb") as file:
        data = file.read()
    at, shares, unknown = 0, {}, 0
    out = []
    while at < len(data):
        kind = data[at + 2 : at + 3]
        size = int.from_bytes(data[at : at + 2], "big") or messages[kind].message_size
        message = messages[kind](data[at + 2 : at + 2 + size])
        at += 2 + size
        fields = [f"{name}={text(getattr(message, attribute))}" for name, attribute in HEADER + FIELDS[kind]]
        out.append("|".join([kind.decode("ascii"), *fields]))
        if kind in b"AF":
            shares[message.order_reference_number] = message.shares
        elif kind in b"ECXDU":
            number = message.order_reference_number
            if number not in shares:
                unknown += 1
                continue
            if kind in b"EC":
                shares[number] -= message.executed_shares
            elif kind == b"X":
                shares[number] -= message.cancelled_shares
            else:
                shares[number] = 0
            if shares[number] <= 0:
                del shares[number]
            if kind == b"U":
                shares[message.new_order_reference_number] = message.shares
    out.append(f"# unknown {unknown}")
    out.append(f"# left {len(shares)}")
    print("\n".join(out))


main(sys.argv[1])
