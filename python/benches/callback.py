"""What Python costs a backtest: events a second of one logic in Rust, in callbacks and in arrays, on the same data.

    python benches/callback.py [FILE...]

Without files: half an hour of two synthetic futures. Each is run three times in turn, and the median is shown. Events a
second are of the run alone, by the clock. What Python adds is the difference of processor time between whole calls,
which a busy machine disturbs less; the least of three.
"""

from __future__ import annotations

import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import quoin
from joined_touch import JoinedTouch

ROUNDS = 3


class Deaf(quoin.Strategy):
    """Hears each change of the touch and does nothing: what a call costs by itself."""

    def __init__(self) -> None:
        self.calls = 0

    def on_book(self, view: quoin.View) -> None:
        self.calls += 1


@quoin.vectorised(interval=0.1)
def joined(seen: quoin.Interval) -> quoin.Quotes:
    """The same quotes, once each tenth of a second."""
    if not seen.live or len(seen.quotes) == 0:
        return quoin.Quotes()
    last = seen.quotes[-1]
    return quoin.Quotes(
        bid=int(last["bid"]),
        ask=int(last["ask"]),
        bid_size=min(1, 10 - seen.position),
        ask_size=min(1, 10 + seen.position),
    )


def main() -> None:
    """Prints the table."""
    data = sys.argv[1:]
    if not data:
        data = [str(Path(tempfile.mkdtemp()) / "half-an-hour.pcap")]
        quoin.generate(data[0], seed=1, minutes=30)
    ways: dict[str, Callable[[], str | quoin.Strategy | quoin.Vectorised]] = {
        "joined_touch, Rust": lambda: "joined_touch",
        "joined_touch, Python, every book change": JoinedTouch,
        "a callback that does nothing, every touch": Deaf,
        "joined, Python, arrays every 0.1 s": lambda: joined,
    }
    rates: dict[str, list[float]] = {way: [] for way in ways}
    spent: dict[str, list[float]] = {way: [] for way in ways}
    hashes: dict[str, str] = {}
    for _ in range(ROUNDS):
        for way, make in ways.items():
            strategy = make()
            before = time.process_time()
            run = quoin.backtest(data=data, strategy=strategy, tables=False)
            spent[way].append(1e9 * (time.process_time() - before) / run.inputs)
            rates[way].append(run.events_per_second)
            hashes[way] = run.report["hashes"]["commands"]
    machine = f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    print(f"{machine}, Python {platform.python_version()}, quoin {quoin.__version__}")
    print(f"{run.inputs} inputs a run, median of {ROUNDS} (least to most)\n")
    floor = min(spent["joined_touch, Rust"])
    for way, measured in rates.items():
        middle = statistics.median(measured)
        print(
            f"{way:44} {middle:12,.0f} events/s ({min(measured):,.0f} to {max(measured):,.0f}),"
            f" {min(spent[way]) - floor:6,.0f} ns of processor an event above Rust"
        )
    same = hashes["joined_touch, Rust"] == hashes["joined_touch, Python, every book change"]
    print(f"\nRust's and Python's joined_touch gave the same commands: {same}")


if __name__ == "__main__":
    main()
