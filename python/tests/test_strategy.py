"""A strategy in Python goes the way of one in Rust: the same risk, orders, venue and journal, and the same commands."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import quoin
from joined_touch import JoinedTouch


def test_the_same_logic_gives_the_same_commands_one_by_one(day: str) -> None:
    rust = quoin.backtest(data=day, strategy="joined_touch")
    python = quoin.backtest(data=day, strategy=JoinedTouch())
    ours, theirs = python.report, rust.report
    assert theirs["headline"]["fills"] > 10
    # A hash over every command, with its input and its moment.
    assert ours["hashes"]["commands"] == theirs["hashes"]["commands"]
    # Who placed the orders is told by name, and only the names differ.
    placed = [report["activity"].pop("orders_placed_by") for report in (ours, theirs)]
    counts = [[by["count"] for by in report] for report in placed]
    assert counts[0] == counts[1] and sum(counts[0]) > 10
    for part in ("session", "headline", "pnl", "activity", "fill_rate", "latency", "instruments", "earned"):
        assert ours[part] == theirs[part], part
    assert python.fills.to_pandas().equals(rust.fills.to_pandas())
    assert python.orders.to_pandas().equals(rust.orders.to_pandas())


def test_on_a_recorded_day_too(recorded: Callable[[str], str]) -> None:
    data = recorded("dbn/esh4-glbx-mdp3-20231225.mbo.dbn.zst")
    config = {"strategy": {"joined_touch": {"max_position": 3, "requote_interval": 1.5}}}
    rust = quoin.backtest(config, data, "joined_touch")
    python = quoin.backtest(None, data, JoinedTouch(max_position=3, requote_interval=1.5))
    assert rust.report["headline"]["fills"] > 0
    assert python.report["hashes"]["commands"] == rust.report["hashes"]["commands"]


class Stretched(JoinedTouch):
    """The same code under another name, quoting a tick farther away."""

    def think(self, view: quoin.View, bid: int, ask: int) -> None:
        super().think(view, bid - 1, ask + 1)


def test_a_run_is_journalled_and_proved_where_its_code_is(
    day: str, tmp_path: Path, command_line: Callable[..., str]
) -> None:
    folder = tmp_path / "run"
    run = quoin.backtest(data=day, strategy=JoinedTouch(), out=folder)
    assert "python:joined_touch.JoinedTouch#" in run.report["strategy"]
    assert 'strategy = "python:joined_touch.JoinedTouch#' in run.config
    proof = quoin.verify(folder, JoinedTouch())
    assert proof["proved"] and proof["same_code"] and proof["commands"] == run.report["session"]["commands"]
    assert proof["head"] == run.report["hashes"]["journal_head"]
    # Other code, or other numbers, are found out.
    other = quoin.verify(folder, Stretched())
    assert not other["proved"] and not other["same_code"] and "Divergence" in other["divergence"]
    assert not quoin.verify(folder, JoinedTouch(order_size=2))["same_code"]
    # The command line does not have the code, and says so.
    for refused in (command_line("verify", str(folder), code=1), command_line("replay", str(folder), code=1)):
        assert "code from outside this program" in refused and "quoin.verify(folder, strategy)" in refused
    with pytest.raises(quoin.QuoinError, match="code from outside this program"):
        quoin.verify(folder)


class Notes(quoin.Strategy):
    """Buys once, and writes down what it hears."""

    depth = 3

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.traded = False
        self.sent = False

    def on_start(self, view: quoin.View) -> None:
        self.heard.append("start")
        view.wake_at(view.now + 5_000_000_000, 42)

    def on_book(self, view: quoin.View) -> None:
        if view.live and not self.sent and view.ask is not None and view.bid is not None:
            self.sent = True
            assert view.bids[0] == (view.bid, view.bid_size) and view.asks[0] == (view.ask, view.ask_size)
            assert len(view.bids) == 3 and view.bids[0][0] > view.bids[1][0] and view.asks[0][0] < view.asks[1][0]
            assert view.terms().symbol == view.symbol and view.traded == (view.instrument,)
            view.place_order("buy", view.ask, 2, kind="limit", time_in_force="ioc")
            view.place_order("buy", view.bid, 11)

    def on_trade(self, view: quoin.View, trade: quoin.Trade) -> None:
        if not self.traded:
            self.heard.append(f"trade {trade.side}")
        self.traded = True

    def on_fill(self, view: quoin.View, fill: quoin.Fill) -> None:
        assert fill.side == 1 and not fill.maker
        self.heard.append(f"fill {fill.size}, position {view.position}")

    def on_order(self, view: quoin.View, order: int, change: str) -> None:
        self.heard.append(f"order {order} {change}")

    def on_timer(self, view: quoin.View, timer: int) -> None:
        self.heard.append(f"timer {timer} with {len(view.orders)} orders")

    def on_refused(self, view: quoin.View, wish: str, kind: str, why: str) -> None:
        self.heard.append(f"refused {wish}: {kind}: {why}")


def test_every_callback_is_called_and_risk_cannot_be_passed_by(day: str) -> None:
    notes = Notes()
    run = quoin.backtest(data=day, strategy=notes)
    heard = [line for line in notes.heard if not line.startswith("trade")]
    assert heard == [
        "start",
        "refused place: order size: order of 11 lots, limit 10",
        "order 0 accepted",
        "fill 2, position 2",
        "order 0 filled",
        "timer 42 with 0 orders",
    ]
    assert any(line.startswith("trade") for line in notes.heard)
    assert run.report["activity"]["refused"] == [{"what": "order size", "count": 1}]
    assert run.orders.to_pandas()["state"].tolist() == ["filled"]


class Listener(quoin.Strategy):
    """Counts, and remembers when."""

    def __init__(self, listen: str, pace: float) -> None:
        self.listen, self.pace = listen, pace
        self.calls: dict[int, list[int]] = {}
        self.last: dict[int, tuple[Any, ...]] = {}

    def on_book(self, view: quoin.View) -> None:
        self.calls.setdefault(view.instrument, []).append(view.now)
        self.last[view.instrument] = (view.live, view.bid, view.bid_size, view.ask, view.ask_size)


def test_listening_and_pace_bound_the_calls_and_lose_nothing(day: str) -> None:
    made = {}
    for listen, pace in (("book", 0.0), ("touch", 0.0), ("touch", 0.5)):
        listener = Listener(listen, pace)
        quoin.backtest({"trading": {"symbols": ["ESH6", "NQH6"]}}, day, listener, tables=False)
        made[listen, pace] = listener
    book, touch, paced = made.values()
    for instrument in (0, 1):
        counts = [len(listener.calls[instrument]) for listener in (book, touch, paced)]
        assert counts[0] > counts[1] > counts[2] > 60
        gaps = [later - sooner for sooner, later in zip(paced.calls[instrument], paced.calls[instrument][1:])]
        assert min(gaps) >= 500_000_000
        # The last touch is heard of in the end, but for what changes in the very last half second.
        assert touch.last[instrument] == book.last[instrument]


def test_what_a_callback_raises_ends_the_run_and_is_raised(day: str) -> None:
    class Breaks(quoin.Strategy):
        calls = 0

        def on_book(self, view: quoin.View) -> None:
            self.calls += 1
            if self.calls == 3:
                raise ZeroDivisionError("as told")

    breaks = Breaks()
    with pytest.raises(ZeroDivisionError, match="as told"):
        quoin.backtest(data=day, strategy=breaks)
    assert breaks.calls == 3


@pytest.mark.parametrize(
    ("wish", "message"),
    [
        (lambda view: view.place_order("up", 1, 1), "up is no side"),
        (lambda view: view.place_order(1, 1, 1, kind="stop"), "no kind `stop`"),
        (lambda view: view.place_order(1, 1, 1, time_in_force="gtd"), "no time_in_force `gtd`"),
        (lambda view: view.wake_at(view.now, 2**31), "timers are numbered below"),
        (lambda view: view.book("ESZ9"), "ESZ9 is not traded here"),
    ],
)
def test_a_wish_that_makes_no_sense_is_refused(day: str, wish: Callable[[quoin.View], None], message: str) -> None:
    class Wishes(quoin.Strategy):
        def on_book(self, view: quoin.View) -> None:
            wish(view)

    with pytest.raises((quoin.QuoinError, KeyError), match=message):
        quoin.backtest(data=day, strategy=Wishes())


def test_a_strategy_is_told_what_is_wrong_with_it(day: str) -> None:
    class Listens(quoin.Strategy):
        listen = "everything"

        def on_book(self, view: quoin.View) -> None: ...

    with pytest.raises(quoin.QuoinError, match='listen is "touch" or "book"'):
        quoin.backtest(data=day, strategy=Listens())
    with pytest.raises(quoin.QuoinError, match="strategy is a name of"):
        quoin.backtest(data=day, strategy=object())  # type: ignore[arg-type]
    with pytest.raises(quoin.QuoinError, match="did you mean `glft`"):
        quoin.backtest(data=day, strategy="gltf")


class Crossed(quoin.Strategy):
    """Buys one future, and looks at it only through the other's events."""

    def __init__(self) -> None:
        self.bought = False
        self.seen: list[int] = []

    def on_book(self, view: quoin.View) -> None:
        if view.symbol == "NQH6":
            self.seen.append(view.book("ESH6").position)
        elif view.live and not self.bought and view.ask is not None:
            self.bought = True
            view.place_order(1, view.ask, 3, kind="limit", time_in_force="ioc")


def test_what_happened_to_one_instrument_is_seen_in_calls_about_another(day: str) -> None:
    crossed = Crossed()
    run = quoin.backtest({"trading": {"symbols": ["ESH6", "NQH6"]}}, day, crossed)
    filled_at = int(run.fills["at"].astype("int64")[-1])
    assert run.fills["position"][-1] == 3 and crossed.seen[0] == 0 and crossed.seen[-1] == 3
    # From the first event of the other behind the fill on.
    listener = Listener("touch", 0.0)
    quoin.backtest({"trading": {"symbols": ["ESH6", "NQH6"]}}, day, listener, tables=False)
    assert sum(at <= filled_at for at in listener.calls[1]) >= crossed.seen.index(3)


class Pairs(quoin.Strategy):
    """Quotes one future only while the other's bid has not fallen below where it was first seen."""

    def __init__(self) -> None:
        self.first: int | None = None
        self.looks = 0

    def on_book(self, view: quoin.View) -> None:
        if view.symbol != "ESH6" or not view.live or view.bid is None or view.ask is None:
            return
        other = view.book("NQH6")
        assert other.instrument == 1
        if not other.live or other.bid is None:
            return
        self.looks += 1
        self.first = self.first or other.bid
        view.quote((view.bid, 1 - view.position), None) if other.bid >= self.first else view.quote(None, None)


def test_one_instrument_may_be_quoted_by_what_another_does(day: str) -> None:
    pairs = Pairs()
    run = quoin.backtest({"trading": {"symbols": ["ESH6", "NQH6"]}}, day, pairs)
    assert pairs.looks > 100
    orders = run.orders.to_pandas()
    assert set(orders["symbol"]) == {"ESH6"} and set(orders["side"]) == {"buy"}
    assert run.fills.to_pandas()["position"].max() == 1
