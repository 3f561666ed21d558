"""A strategy asked each interval gets all that happened, and what it answers happens when it said."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import quoin

SECOND = 1_000_000_000


def test_the_arrays_hold_every_trade_and_every_touch_once(day: str) -> None:
    trades: list[np.ndarray] = []
    quotes: list[np.ndarray] = []
    moments: list[int] = []

    @quoin.vectorised(interval=0.25)
    def listen(seen: quoin.Interval) -> None:
        moments.append(seen.now)
        trades.append(seen.trades)
        quotes.append(seen.quotes)

    class Touches(quoin.Strategy):
        def __init__(self) -> None:
            self.seen: list[tuple[int, ...]] = []

        def on_book(self, view: quoin.View) -> None:
            if view.live:
                self.seen.append((view.now, view.bid or 0, view.bid_size, view.ask or 0, view.ask_size))

    config = {"trading": {"symbols": ["ESH6"]}}
    quoin.backtest(config, day, listen)
    touches = Touches()
    quoin.backtest(config, day, touches)
    assert np.diff(moments).min() == np.diff(moments).max() == SECOND // 4
    every = np.concatenate(list(quoin.open(day).arrays(kinds=["trade"], symbols=["ESH6"])))
    told = np.concatenate(trades)
    # What happens after the last question is not told.
    assert len(every) - 20 < len(told) <= len(every) and len(told) > 100
    for ours, theirs in (("price", "ticks"), ("size", "lots"), ("side", "side")):
        assert (told[ours] == every[theirs][: len(told)]).all()
    # Without the touch that is repeated when nothing changed: the same story as the callbacks heard.
    rows = [tuple(row) for batch in quotes for row in batch.tolist()]
    story = [row for last, row in zip([(0,) * 5, *rows], rows) if row[1:] != last[1:]]
    assert story == touches.seen[: len(story)] and len(story) > 500


@quoin.vectorised(interval=1.0, parameters={"lots": 2})
def joined(seen: quoin.Interval) -> quoin.Quotes:
    """Joins the touch, two lots a side, within four."""
    if not seen.live:
        return quoin.Quotes()
    last = seen.quotes[-1]
    return quoin.Quotes(
        int(last["bid"]), int(last["ask"]), min(2, 4 - seen.position), min(2, 4 + seen.position)
    )


def test_quotes_trade_through_risk_and_venue_and_the_run_can_be_proved(
    day: str, tmp_path: Path, command_line: Callable[..., str]
) -> None:
    run = quoin.backtest(data=day, strategy=joined, out=tmp_path / "run")
    report = run.report
    assert report["headline"]["fills"] > 3 and report["instruments"][0]["fills_taker"] == 0
    inventory = report["instruments"][0]["inventory"]
    assert -4 <= inventory["max_short"] and inventory["max_long"] <= 4
    assert "lots = 2" in report["strategy"] and ".joined#" in report["strategy"]
    proof = quoin.verify(tmp_path / "run", joined)
    assert proof["proved"] and proof["same_code"]
    assert "code from outside" in command_line("verify", str(tmp_path / "run"), code=1)


def test_a_schedule_happens_when_it_says(day: str) -> None:
    @quoin.vectorised(interval=10.0)
    def scheduled(seen: quoin.Interval) -> list[tuple[float, quoin.Quotes | quoin.Position]]:
        last = seen.quotes[-1]
        bid, ask = int(last["bid"]), int(last["ask"])
        return [(0.0, quoin.Quotes(bid=bid - 3)), (2.0, quoin.Quotes(ask=ask + 3)), (4.5, quoin.Quotes())]

    run = quoin.backtest({"latency": {"jitter_ns": 0}, "trading": {"symbols": ["ESH6"]}}, day, scheduled)
    orders = run.orders.to_pandas().head(4)
    assert orders["side"].tolist() == ["buy", "sell", "buy", "sell"]
    sent = orders["sent_at"].astype("int64").tolist()
    assert [sent[1] - sent[0], sent[2] - sent[0], sent[3] - sent[2]] == [2 * SECOND, 10 * SECOND, 2 * SECOND]
    # Cancelled at 2 and 4.5 seconds; the answer comes a millisecond later.
    closed = (orders["closed_at"] - orders["sent_at"]).astype("int64").tolist()
    assert closed[:2] == [2 * SECOND + SECOND // 1_000, 5 * SECOND // 2 + SECOND // 1_000]


def test_a_position_is_taken_from_the_touch(day: str) -> None:
    @quoin.vectorised(interval=15.0)
    def swing(seen: quoin.Interval) -> quoin.Position:
        return quoin.Position(2 if seen.position <= 0 else -1)

    run = quoin.backtest({"trading": {"symbols": ["ESH6"]}}, day, swing)
    fills = run.fills.to_pandas()
    assert set(fills["liquidity"]) == {"taker"}
    assert fills.groupby("order")["position"].last().tolist()[:3] == [2, -1, 2]


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (5, "neither quoin.Quotes nor quoin.Position"),
        ([(2.0, quoin.Quotes()), (1.0, quoin.Quotes())], "in the order of its moments"),
        ([(-1.0, quoin.Quotes())], "must be from 0"),
        ([quoin.Quotes()], "a schedule is a list of"),
    ],
)
def test_an_answer_that_makes_no_sense_is_refused(day: str, answer: object, message: str) -> None:
    @quoin.vectorised(interval=1.0)
    def wrong(seen: quoin.Interval) -> object:  # type: ignore[arg-type]
        return answer

    with pytest.raises(quoin.QuoinError, match=message):
        quoin.backtest(data=day, strategy=wrong)  # type: ignore[arg-type]


def test_an_interval_that_makes_no_sense_is_refused(day: str) -> None:
    with pytest.raises(quoin.QuoinError, match="interval is 0, but must be"):
        quoin.backtest(data=day, strategy=quoin.vectorised(interval=0.0)(lambda seen: None))
