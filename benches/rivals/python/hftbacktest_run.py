"""The workload through hftbacktest's wheel: `hftbacktest_run.py EVENTS.npy WORKLOAD-JSON hash|array`.

Prints one line of JSON. Loading and the compilation of the strategy are counted apart: the strategy runs once over
a few thousand events before the run that counts.
"""

import json
import resource
import sys

import numpy as np
from numba import njit

import hftbacktest
from hftbacktest import (
    BUY,
    FILLED,
    GTX,
    LIMIT,
    BacktestAsset,
    HashMapMarketDepthBacktest,
    ROIVectorMarketDepthBacktest,
)

NO_BID, NO_ASK = -(2**63), 2**63 - 1


@njit
def hear(hbt, lot, fills, count):
    """Notes what was filled and lets go of what is done."""
    orders = hbt.orders(0).values()
    while orders.has_next():
        order = orders.get()
        if order.status == FILLED:
            sign = 1 if order.side == BUY else -1
            fills[count, 0] = order.exch_timestamp
            fills[count, 1] = order.exec_price_tick
            fills[count, 2] = sign * int(round(order.exec_qty / lot))
            count += 1
    hbt.clear_inactive_orders(0)
    return count


@njit
def quote(hbt, tick, lot, size, most, period, fills):
    """Answers how many orders were sent and how many filled."""
    sent, filled = 0, 0
    result = hbt.elapse(0)
    due = (hbt.current_timestamp // period + 1) * period
    stale = np.empty(16, np.uint64)
    while result == 0:
        result = hbt.elapse(due - hbt.current_timestamp)
        due += period
        filled = hear(hbt, lot, fills, filled)
        if result != 0:
            break
        depth = hbt.depth(0)
        bid, ask = depth.best_bid_tick, depth.best_ask_tick
        if bid == NO_BID or ask == NO_ASK:
            continue
        has_bid, has_ask, leaving = False, False, 0
        orders = hbt.orders(0).values()
        while orders.has_next():
            order = orders.get()
            buys = order.side == BUY
            keeps = order.price_tick == (bid if buys else ask) or not order.cancellable
            if keeps and buys:
                has_bid = True
            elif keeps:
                has_ask = True
            else:
                stale[leaving] = order.order_id
                leaving += 1
        for at in range(leaving):
            hbt.cancel(0, stale[at], False)
        position = int(round(hbt.position(0) / lot))
        if not has_bid and position < most:
            hbt.submit_buy_order(0, sent, bid * tick, size * lot, GTX, LIMIT, False)
            sent += 1
        if not has_ask and -position < most:
            hbt.submit_sell_order(0, sent, ask * tick, size * lot, GTX, LIMIT, False)
            sent += 1
    filled = hear(hbt, lot, fills, filled)
    return sent, filled


def used_ns():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return int((usage.ru_utime + usage.ru_stime) * 1e9)


def backtest(events, work, depth):
    asset = (
        BacktestAsset()
        .data(events)
        .constant_order_latency(work["latency_ns"], work["latency_ns"])
        .no_partial_fill_exchange()
        .trading_value_fee_model(work["maker_bp"] / 1e4, work["taker_bp"] / 1e4)
        .tick_size(work["tick"])
        .lot_size(work["lot"])
    )
    if work["queue"] == "power":
        asset = asset.power_prob_queue_model(work["exponent"])
    elif work["queue"] == "log":
        asset = asset.log_prob_queue_model()
    else:
        asset = asset.risk_adverse_queue_model()
    asset = asset.inverse_asset(work["face"]) if work["inverse"] else asset.linear_asset(1.0)
    if depth == "hash":
        return HashMapMarketDepthBacktest([asset])
    price = events["px"][events["px"] > 0][0]
    return ROIVectorMarketDepthBacktest([asset.roi_lb(price * 0.9).roi_ub(price * 1.1)])


def peak_kib():
    """The most memory this process held. Not the resource usage's: that one begins with the parent's."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))


def tally(fills):
    """The same figures as `orders::Run::tally`."""
    fills = sorted((int(at), int(size < 0), int(price), int(size)) for at, price, size in fills)
    digest = 0
    for at, _, price, size in fills:
        for word in (at, price, size):
            digest = ((digest ^ (word % 2**64)) * 0x100000001B3) % 2**64
    bought = sum(size for *_, size in fills if size > 0)
    sold = -sum(size for *_, size in fills if size < 0)
    return {"fills": len(fills), "bought": bought, "sold": sold, "hash": digest}


def main():
    path, work, depth = sys.argv[1], json.loads(sys.argv[2]), sys.argv[3]
    terms = (work["tick"], work["lot"], work["order_size"], work["max_position"], work["period_ns"])
    events = np.load(path)
    fills = np.zeros((1_000_000, 3), np.int64)
    hbt = backtest(events[:5_000], work, depth)
    quote(hbt, *terms, fills)
    hbt.close()
    loaded = used_ns()
    hbt = backtest(events, work, depth)
    start = used_ns()
    sent, filled = quote(hbt, *terms, fills)
    used = used_ns() - start
    hbt.close()
    print(
        json.dumps(
            {
                "version": hftbacktest.__version__,
                "events": len(events),
                "cpu_ns": used,
                "load_ns": loaded,
                "peak_kib": peak_kib(),
                "tally": {"orders": sent} | tally(fills[:filled]),
            }
        )
    )


if __name__ == "__main__":
    main()
