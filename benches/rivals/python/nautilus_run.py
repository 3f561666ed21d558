"""The workload through NautilusTrader's wheel: `nautilus_run.py EVENTS.npy WORKLOAD-JSON`.

Prints one line of JSON. It replays by one clock, the local one: its exchange learns of the market when the strategy
does, and it keeps no queue position, so its fills are its own. Making its objects is counted as loading.
"""

import json
import resource
import sys
from decimal import Decimal

import numpy as np
import nautilus_trader
from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig
from nautilus_trader.backtest.models import LatencyModel
from nautilus_trader.config import LoggingConfig
from nautilus_trader.model.currencies import BTC, ETH, USD, USDT
from nautilus_trader.model.data import BookOrder, OrderBookDelta, TradeTick
from nautilus_trader.model.enums import (
    AccountType,
    AggressorSide,
    BookAction,
    BookType,
    OmsType,
    OrderSide,
    RecordFlag,
    TimeInForce,
)
from nautilus_trader.model.identifiers import InstrumentId, Symbol, TradeId, Venue
from nautilus_trader.model.instruments import CryptoPerpetual
from nautilus_trader.model.objects import Money, Price, Quantity
from nautilus_trader.trading.strategy import Strategy

BUY, SELL, KIND = 1 << 29, 1 << 28, 0xFF
DEPTH, TRADE, CLEAR, SNAPSHOT = 1, 2, 3, 4


def places(step):
    return max(0, -Decimal(repr(step)).normalize().as_tuple().exponent)


def instrument(work):
    base, quote = (ETH if work["symbol"].startswith("ETH") else BTC), (USD if work["inverse"] else USDT)
    prices, sizes = places(work["tick"]), places(work["lot"])
    return CryptoPerpetual(
        # With an underscore it would be a spread of two.
        instrument_id=InstrumentId(Symbol(work["symbol"].replace("_", "-")), Venue("BINANCE")),
        raw_symbol=Symbol(work["symbol"]),
        base_currency=base,
        quote_currency=quote,
        settlement_currency=base if work["inverse"] else quote,
        is_inverse=work["inverse"],
        price_precision=prices,
        size_precision=sizes,
        price_increment=Price(work["tick"], prices),
        size_increment=Quantity(work["lot"], sizes),
        multiplier=Quantity.from_int(int(work["face"])),
        maker_fee=Decimal(str(work["maker_bp"])) / 10_000,
        taker_fee=Decimal(str(work["taker_bp"])) / 10_000,
        ts_event=0,
        ts_init=0,
    )


def data(events, traded):
    """The array as its objects, deltas and trades; deltas of one packet end with its flag."""
    deltas, trades, count = [], [], len(events)
    prices, sizes, name = traded.price_precision, traded.size_precision, traded.id
    columns = [events[column].tolist() for column in ("ev", "exch_ts", "local_ts", "px", "qty")]
    last = np.append(events["local_ts"][1:] != events["local_ts"][:-1], True).tolist()
    for at in range(count):
        kind, exchange, local, price, size = (column[at] for column in columns)
        what = kind & KIND
        if what == TRADE:
            if size > 0:
                side = AggressorSide.BUYER if kind & BUY else AggressorSide.SELLER
                trades.append(
                    TradeTick(name, Price(price, prices), Quantity(size, sizes), side, TradeId(str(at)), exchange, local)
                )
            continue
        flags = RecordFlag.F_LAST if last[at] else 0
        if what == CLEAR:
            deltas.append(OrderBookDelta(name, BookAction.CLEAR, None, flags, at, exchange, local))
            continue
        side = OrderSide.BUY if kind & BUY else OrderSide.SELL
        action = BookAction.UPDATE if size > 0 else BookAction.DELETE
        order = BookOrder(side, Price(price, prices), Quantity(size, sizes), 0)
        deltas.append(OrderBookDelta(name, action, order, flags, at, exchange, local))
    return deltas, trades


class Quoter(Strategy):
    def __init__(self, traded, work):
        super().__init__()
        self.traded, self.work = traded, work
        self.size = traded.make_qty(work["order_size"] * work["lot"])
        self.most = work["max_position"] * work["lot"]
        self.sent, self.fills = 0, []

    def on_start(self):
        self.subscribe_order_book_deltas(self.traded.id, BookType.L2_MBP)
        period = self.work["period_ns"]
        first = (self.clock.timestamp_ns() // period + 1) * period
        self.clock.set_timer_ns("think", period, first, 0, self.think)

    def think(self, _):
        book = self.cache.order_book(self.traded.id)
        touch = {OrderSide.BUY: book.best_bid_price(), OrderSide.SELL: book.best_ask_price()}
        if touch[OrderSide.BUY] is None or touch[OrderSide.SELL] is None:
            return
        quoted = set()
        for order in self.cache.orders_open(instrument_id=self.traded.id, strategy_id=self.id):
            if order.price == touch[order.side]:
                quoted.add(order.side)
            else:
                self.cancel_order(order)
        net = float(self.portfolio.net_position(self.traded.id))
        for side, sign in ((OrderSide.BUY, 1), (OrderSide.SELL, -1)):
            if side not in quoted and sign * net < self.most - self.work["lot"] / 2:
                self.submit_order(
                    self.order_factory.limit(
                        self.traded.id, side, self.size, touch[side], time_in_force=TimeInForce.GTC, post_only=True
                    )
                )
                self.sent += 1

    def on_order_filled(self, event):
        sign = 1 if event.order_side == OrderSide.BUY else -1
        price = round(float(event.last_px) / self.work["tick"])
        self.fills.append((event.ts_event, price, sign * round(float(event.last_qty) / self.work["lot"])))


def used_ns():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return int((usage.ru_utime + usage.ru_stime) * 1e9)


def peak_kib():
    """The most memory this process held. Not the resource usage's: that one begins with the parent's."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))


def tally(fills):
    """The same figures as `orders::Run::tally`."""
    fills = sorted((at, int(size < 0), price, size) for at, price, size in fills)
    digest = 0
    for at, _, price, size in fills:
        for word in (at, price, size):
            digest = ((digest ^ (word % 2**64)) * 0x100000001B3) % 2**64
    bought = sum(size for *_, size in fills if size > 0)
    sold = -sum(size for *_, size in fills if size < 0)
    return {"fills": len(fills), "bought": bought, "sold": sold, "hash": digest}


def main():
    path, work = sys.argv[1], json.loads(sys.argv[2])
    traded = instrument(work)
    engine = BacktestEngine(BacktestEngineConfig(logging=LoggingConfig(bypass_logging=True)))
    money = Money(1e6 if not work["inverse"] else 1e4, traded.settlement_currency)
    engine.add_venue(
        venue=Venue("BINANCE"),
        oms_type=OmsType.NETTING,
        account_type=AccountType.MARGIN,
        starting_balances=[money],
        book_type=BookType.L2_MBP,
        latency_model=LatencyModel(base_latency_nanos=work["latency_ns"]),
        trade_execution=True,
    )
    engine.add_instrument(traded)
    events = np.load(path)
    deltas, trades = data(events, traded)
    engine.add_data(deltas, sort=False)
    engine.add_data(trades, sort=True)
    del deltas, trades
    quoter = Quoter(traded, work)
    engine.add_strategy(quoter)
    loaded = used_ns()
    engine.run()
    used = used_ns() - loaded
    print(
        json.dumps(
            {
                "version": nautilus_trader.__version__,
                "events": len(events),
                "cpu_ns": used,
                "load_ns": loaded,
                "peak_kib": peak_kib(),
                "tally": {"orders": quoter.sent} | tally(quoter.fills),
            }
        )
    )


if __name__ == "__main__":
    main()
