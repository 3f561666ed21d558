"""Strategies in Python, two ways: called for each event, or asked each interval with arrays.

A strategy wishes; it never sends. What it wishes goes through the same risk checks, the same orders and the same
simulated venue as a strategy in Rust. It must not read a clock, roll dice of its own or look into a set's order: the
same events must give the same wishes, and `quoin.verify(folder, strategy)` proves that they do.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from quoin._quoin import Fill, Interval, Trade, View


class Strategy:
    """Called for each event. Override what is wanted; what is not overridden is never called, and costs nothing.

    `view` shows the present of one instrument and takes wishes. It is the same object at every call: keep numbers, not
    the view.
    """

    pace: float = 0.0
    """`on_book` comes at most once in so many seconds for an instrument; a change in between comes when they are over.
    A book that may not be traded on any more is told of at once. 0: always."""

    listen: str = "touch"
    """`"touch"`: `on_book` comes when best prices, their sizes or liveness changed. `"book"`: after every packet that
    changed the book."""

    depth: int = 0
    """How many levels `view.bids` and `view.asks` have."""

    parameters: Mapping[str, float] = {}
    """What a journal keeps of this strategy, beside its name."""

    def on_start(self, view: View) -> None:
        """The run begins; no market has been seen. The place to set a first timer."""

    def on_book(self, view: View) -> None:
        """The book of `view.instrument` changed and is consistent again. The place to quote from."""

    def on_trade(self, view: View, trade: Trade) -> None:
        """The market traded. This comes before the packet's last book change: learn here, quote in `on_book`."""

    def on_fill(self, view: View, fill: Fill) -> None:
        """An order of ours traded; `view.position` knows."""

    def on_order(self, view: View, order: int, change: str) -> None:
        """The venue said something about an order of ours, fills included (after `on_fill`): `"accepted"`,
        `"rejected"`, `"filled"`, `"canceled"`, `"cancel_rejected"`, `"replaced"` or `"replace_rejected"`."""

    def on_timer(self, view: View, timer: int) -> None:
        """A timer set with `view.wake_at` is due; `view` shows the first traded instrument."""

    def on_refused(self, view: View, wish: str, kind: str, why: str) -> None:
        """Risk said no to a wish (`"place"`, `"replace"`): `kind` is a short name, `why` has limit and value. Nothing may
        be wished for here."""


@dataclass(frozen=True, slots=True)
class Quotes:
    """Quotes to have from some moment on: prices in ticks, sizes in lots. `None`, or a size of 0, is no quote. What has
    traded of a quote is not quoted again before the next ones."""

    bid: int | None = None
    ask: int | None = None
    bid_size: int = 1
    ask_size: int = 1


@dataclass(frozen=True, slots=True)
class Position:
    """A position to have, in lots: what is missing is taken from what stands at the touch, once, at that moment."""

    lots: int


Aim = Quotes | Position
Answer = Aim | Sequence[tuple[float, Aim]] | None


@dataclass(frozen=True, slots=True)
class Vectorised:
    """A function that is asked each `interval` seconds for each traded instrument. See `vectorised`."""

    decide: Callable[[Interval], Answer]
    interval: float
    parameters: Mapping[str, float]

    def __call__(self, interval: Interval) -> Answer:
        return self.decide(interval)

    def __reduce__(self) -> tuple[Any, ...]:
        # A decorated function's name is this object's: it travels to another process by that name.
        module, name = self.decide.__module__, self.decide.__qualname__
        if _named(module, name) is self:
            return _named, (module, name)
        return Vectorised, (self.decide, self.interval, self.parameters)


def _named(module: str, name: str) -> Any:
    found: Any = importlib.import_module(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    return found


def vectorised(
    interval: float, parameters: Mapping[str, float] | None = None
) -> Callable[[Callable[[Interval], Answer]], Vectorised]:
    """Makes a function a strategy that is asked each `interval` seconds.

        @quoin.vectorised(interval=1.0)
        def lean(seen: quoin.Interval) -> quoin.Quotes | None:
            if not seen.live:
                return quoin.Quotes()
            last = seen.quotes[-1]
            return quoin.Quotes(bid=int(last["bid"]), ask=int(last["ask"]))

    `seen.quotes` and `seen.trades` are structured arrays of what happened since it was last asked. The answer is what to
    aim for: `Quotes`, `Position`, a list of `(seconds from now, Quotes or Position)` in order, or `None` to leave
    everything as it is. Nothing of ours stays in a book that may not be traded on, whatever was answered.
    """

    def make(decide: Callable[[Interval], Answer]) -> Vectorised:
        return Vectorised(decide, interval, dict(parameters or {}))

    return make
