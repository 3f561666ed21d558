"""Minimal strategies through NautilusTrader's BacktestEngine: `nautilus_fills.py JOBS.json`.

One line of JSON for each job: every order with its fills and its end, in whole ticks and lots. The strategies are those
of `src/nautilus/plan.rs`, line by line.
"""

import json
import sys

import numpy as np
from nautilus_run import instrument
from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig
from nautilus_trader.config import LoggingConfig, RiskEngineConfig
from nautilus_trader.model.data import Bar, BarType, QuoteTick
from nautilus_trader.model.enums import AccountType, BookType, OmsType, OrderSide, TimeInForce
from nautilus_trader.model.identifiers import Venue
from nautilus_trader.model.objects import Money, Price, Quantity
from nautilus_trader.trading.strategy import Strategy

PERIOD = 100_000_000
AWAY, THICK = 2, 3
BUY, SELL = 1, -1


class Planned(Strategy):
    def __init__(self, job, traded, bars):
        super().__init__()
        self.plan, self.traded, self.bars = job["plan"], traded, bars
        self.style = self.plan["style"]
        self.tick, self.lot = traded.price_increment.raw, traded.size_increment.raw
        self.script = by_time(job["script"]) if job["script"] is not None else None
        self.sent, self.orders, self.numbers, self.open = [], [], {}, {}
        self.position, self.next_at, self.took_at, self.closed_at = 0, 0, {}, None

    def on_start(self):
        if self.bars:
            self.subscribe_bars(self.bars)
        else:
            self.subscribe_quote_ticks(self.traded.id)

    def on_quote_tick(self, quote):
        now = quote.ts_init
        if self.script is not None:
            return self.follow_script(now)
        if now < self.next_at:
            return
        bid, ask = quote.bid_price.raw // self.tick, quote.ask_price.raw // self.tick
        if self.style == "taker":
            self.take(now, bid, ask, quote.bid_size.raw // self.lot, quote.ask_size.raw // self.lot)
        else:
            self.next_at = now + PERIOD
            self.quote({BUY: bid, SELL: ask})

    def on_bar(self, bar):
        close = bar.close.raw // self.tick
        if self.style == "bar_taker":
            self.follow(close)
        else:
            self.quote({BUY: close - AWAY, SELL: close + AWAY})

    def take(self, now, bid, ask, bid_size, ask_size):
        if bid_size >= THICK * ask_size:
            side, price = BUY, ask
        elif ask_size >= THICK * bid_size:
            side, price = SELL, bid
        else:
            return
        if (self.plan["once_a_price"] and self.took_at.get(side) == price) or not self.may(side):
            return
        self.took_at[side] = price
        self.next_at = now + PERIOD
        self.place(side, price)

    def follow(self, close):
        before, self.closed_at = self.closed_at, close
        if before is None or close == before:
            return
        side = BUY if close > before else SELL
        if self.may(side):
            self.place(side, close)

    def quote(self, prices):
        quoted = set()
        for number in list(self.open):
            side = self.sent[number]["side"]
            if self.sent[number]["price"] == prices[side]:
                quoted.add(side)
            else:
                self.ask_back(number)
        for side in (BUY, SELL):
            if side not in quoted and self.may(side):
                self.place(side, prices[side])

    def follow_script(self, now):
        back, new = self.script.get(now, ((), ()))
        for number in back:
            self.sent[number]["asked_back_at"] = now
            if number in self.open:
                self.ask_back(number)
        for side, price in new:
            self.place(side, price)

    def may(self, side):
        return side * self.position < self.plan["max_position"]

    def place(self, side, price):
        order_side = OrderSide.BUY if side == BUY else OrderSide.SELL
        size = Quantity.from_raw(self.plan["size"] * self.lot, self.traded.size_precision)
        if self.style in ("quoter", "bar_quoter"):
            limit = Price.from_raw(price * self.tick, self.traded.price_precision)
            order = self.order_factory.limit(self.traded.id, order_side, size, limit, post_only=True)
        else:
            lasts = TimeInForce.GTC if self.plan["stays"] else TimeInForce.IOC
            order = self.order_factory.market(self.traded.id, order_side, size, time_in_force=lasts)
        number = self.numbers[order.client_order_id] = len(self.sent)
        now = self.clock.timestamp_ns()
        self.sent.append(
            {"at": now, "side": side, "price": price, "size": self.plan["size"], "asked_back_at": None, "parts": []}
            | {"ended": "open", "ended_at": 0}
        )
        self.orders.append(order)
        self.open[number] = order
        self.submit_order(order)

    def ask_back(self, number):
        self.sent[number]["asked_back_at"] = self.clock.timestamp_ns()
        self.cancel_order(self.orders[number])

    def on_order_filled(self, event):
        number = self.numbers[event.client_order_id]
        sent, size = self.sent[number], event.last_qty.raw // self.lot
        self.position += sent["side"] * size
        fee = float(event.commission.as_decimal())
        part = [event.ts_event, event.last_px.raw // self.tick, size, fee]
        last = sent["parts"][-1] if sent["parts"] else None
        # Two parts at one price and time are one.
        if last is not None and last[:2] == part[:2]:
            last[2], last[3] = last[2] + size, last[3] + fee
        else:
            sent["parts"].append(part)
        if sum(part[2] for part in sent["parts"]) == sent["size"]:
            self.end(number, "filled", event.ts_event)

    def on_order_canceled(self, event):
        self.end(self.numbers[event.client_order_id], "canceled", event.ts_event)

    def on_order_rejected(self, event):
        self.end(self.numbers[event.client_order_id], "refused", event.ts_event)

    def on_order_denied(self, event):
        raise RuntimeError(f"risk is in the way: {event.reason}")

    def end(self, number, how, at):
        self.open.pop(number, None)
        self.sent[number] |= {"ended": how, "ended_at": at}


def by_time(script):
    """At each time: numbers asked back, then new orders."""
    actions = {}
    for number, (at, side, price, _, back) in enumerate(script):
        actions.setdefault(at, ([], []))[1].append((side, price))
        if back >= 0:
            actions.setdefault(back, ([], []))[0].append(number)
    return actions


def data(job, traded, bar_type):
    """The rows as NautilusTrader's objects."""
    rows = np.fromfile(job["data"], dtype="<i8").reshape(-1, 6)
    tick, lot = traded.price_increment.raw, traded.size_increment.raw
    prices, sizes = traded.price_precision, traded.size_precision

    def price(ticks):
        return Price.from_raw(ticks * tick, prices)

    def size(lots):
        return Quantity.from_raw(lots * lot, sizes)

    if job["bars"]:
        return [
            Bar(bar_type, price(o), price(h), price(low), price(c), size(volume), at, at)
            for at, o, h, low, c, volume in rows.tolist()
        ]
    return [
        QuoteTick(traded.id, price(bid), price(ask), size(bid_size), size(ask_size), at, at)
        for at, bid, ask, bid_size, ask_size, _ in rows.tolist()
    ]


def run(job, traded, objects, bar_type):
    engine = BacktestEngine(
        BacktestEngineConfig(logging=LoggingConfig(bypass_logging=True), risk_engine=RiskEngineConfig(bypass=True))
    )
    engine.add_venue(
        venue=Venue("BINANCE"),
        oms_type=OmsType.NETTING,
        account_type=AccountType.MARGIN,
        # Not more: it counts balances in floats, and checks that they add up to eight decimals.
        starting_balances=[Money(1e4 if traded.is_inverse else 1e7, traded.settlement_currency)],
        book_type=BookType.L1_MBP,
    )
    engine.add_instrument(traded)
    engine.add_data(objects, sort=False)
    planned = Planned(job, traded, bar_type if job["bars"] else None)
    engine.add_strategy(planned)
    engine.run()
    engine.dispose()
    return planned.sent


def main():
    with open(sys.argv[1]) as file:
        work = json.load(file)
    traded = instrument(work)
    bar_type = BarType.from_str(f"{traded.id}-1-SECOND-LAST-EXTERNAL")
    made = {}
    for job in work["jobs"]:
        key = (job["data"], job["bars"])
        if key not in made:
            made = {key: data(job, traded, bar_type)}
        print(json.dumps(run(job, traded, made[key], bar_type)), flush=True)


if __name__ == "__main__":
    main()
