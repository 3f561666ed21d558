"""1. A first backtest: run a strategy of the list, and look at what it did.

Run me: `python tutorial/t1_first_backtest.py`. Nothing is needed but the package: the market is generated.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import quoin


def main() -> None:
    """Generates two minutes of two futures, and makes a market in one of them."""
    day = Path(tempfile.mkdtemp()) / "day.pcap"
    packets = quoin.generate(day, seed=7, minutes=2)
    print(f"{packets} packets of CME MDP 3.0, as a capture file")

    # Which strategies there are, and what they may be told.
    for name, strategy in quoin.strategies().items():
        print(f"  {name}: {', '.join(strategy['parameters'])}")

    # A configuration is a dict of sections; what is left out has its default. `quoin.defaults()` has every key.
    config = {
        "trading": {"strategy": "joined_touch", "symbols": ["ESH6"], "seed": 7},
        "latency": {"order_ns": 250_000},
        "strategy": {"joined_touch": {"max_position": 5}},
    }
    run = quoin.backtest(config, day)
    print(run)

    # The report: what `quoin backtest --json` prints. Amounts are exact decimal texts.
    report = run.report
    print("net", report["headline"]["net"], report["currency"], "after", report["headline"]["fills"], "fills")
    for part in ("spread_captured", "adverse_selection", "fees", "inventory"):
        print(f"  {part:18} {report['pnl'][part]:>10}")

    # Every fill, as a table: a NumPy column is a view, pandas and polars are a call away.
    lots = run.fills["lots"]
    print("lots traded:", int(lots.sum()), "in", len(run.fills), "fills; columns:", ", ".join(run.fills.column_names))
    assert len(run.fills) == report["headline"]["fills"]

    # The same configuration, data and seed give the same bytes.
    assert quoin.backtest(config, day).report_json == run.report_json


if __name__ == "__main__":
    main()
