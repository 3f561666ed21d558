"""4. A strategy asked each interval, with arrays: Python's cost is one call for thousands of events.

It answers with quotes, a position, or a schedule of them.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import quoin


@quoin.vectorised(interval=1.0, parameters={"threshold": 0.3})
def flow(seen: quoin.Interval) -> list[tuple[float, quoin.Quotes]] | quoin.Quotes:
    """Quotes with the flow for half a second, then pulls."""
    if not seen.live or len(seen.trades) == 0:
        return quoin.Quotes()
    # Structured arrays: `quotes` has at, bid, bid_size, ask, ask_size; `trades` has at, price, size, side.
    signed = (seen.trades["side"] * seen.trades["size"]).sum()
    pressure = float(signed) / float(seen.trades["size"].sum())
    spread = float(np.mean(seen.quotes["ask"] - seen.quotes["bid"]))
    last = seen.quotes[-1]
    bid, ask = int(last["bid"]), int(last["ask"])
    if spread > 4.0 or abs(pressure) < 0.3:
        return quoin.Quotes()
    if pressure > 0 and seen.position < 3:
        return [(0.0, quoin.Quotes(bid=bid)), (0.5, quoin.Quotes())]
    if pressure < 0 and seen.position > -3:
        return [(0.0, quoin.Quotes(ask=ask)), (0.5, quoin.Quotes())]
    return quoin.Quotes()


@quoin.vectorised(interval=20.0)
def swing(seen: quoin.Interval) -> quoin.Position:
    """Holds one lot long and one lot short in turn, taking what stands at the touch."""
    return quoin.Position(1 if seen.position <= 0 else -1)


def main() -> None:
    """Runs both."""
    day = Path(tempfile.mkdtemp()) / "day.pcap"
    quoin.generate(day, seed=7, minutes=2)
    for strategy in (flow, swing):
        run = quoin.backtest(data=day, strategy=strategy)
        print(run)
        assert len(run.orders) > 0


if __name__ == "__main__":
    main()
