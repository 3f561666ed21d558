"""`joined_touch` of the list of strategies, written again in Python: the same logic, so that the difference is Python's.

One post-only order a side at the best price, thought over at most every `requote_interval`, left at once when the book
may not be traded on. The tests hold it to the same commands as the Rust strategy, one by one.
"""

from __future__ import annotations

import quoin

SECOND = 1_000_000_000


class JoinedTouch(quoin.Strategy):
    """For one instrument."""

    # Thinking is paced from the last thought, and any change of the book may be the next: every one must be heard.
    listen = "book"

    def __init__(self, order_size: int = 1, max_position: int = 10, requote_interval: float = 0.1) -> None:
        self.parameters = {
            "order_size": order_size,
            "max_position": max_position,
            "requote_interval": requote_interval,
        }
        self.order_size = order_size
        self.max_position = max_position
        self.interval = round(requote_interval * SECOND)
        self.touch: tuple[int, int] | None = None
        self.seen: tuple[int, int] | None = None
        self.stirred = False
        self.stranded = False
        self.next_at = -(2**63)
        self.waits = False

    def on_book(self, view: quoin.View) -> None:
        bid, ask = view.bid, view.ask
        self.touch = (bid, ask) if view.live and bid is not None and ask is not None else None
        self.tend(view)

    def on_order(self, view: quoin.View, order: int, change: str) -> None:
        self.stirred = True
        self.tend(view)

    def on_timer(self, view: quoin.View, timer: int) -> None:
        self.waits = False
        self.tend(view)

    def on_refused(self, view: quoin.View, wish: str, kind: str, why: str) -> None:
        self.next_at = view.now + max(SECOND, self.interval)
        self.stirred = True
        self.stranded |= wish == "replace"

    def tend(self, view: quoin.View) -> None:
        """Pulls, thinks, or sees to it that it thinks later."""
        if self.touch is None:
            view.quote(None, None)
            return
        stranded, self.stranded = self.stranded, False
        if view.now >= self.next_at:
            self.think(view, *self.touch)
            return
        if stranded:
            view.quote(None, None)
        if not self.waits and (self.stirred or self.seen != self.touch):
            self.waits = True
            view.wake_at(self.next_at, view.instrument)

    def think(self, view: quoin.View, bid: int, ask: int) -> None:
        self.next_at = view.now + self.interval
        self.seen = (bid, ask)
        self.stirred = False
        position = view.position
        view.quote(
            (min(bid, ask - 1), min(self.order_size, self.max_position - position)),
            (max(ask, bid + 1), min(self.order_size, self.max_position + position)),
        )
