"""2. Data: recordings and history as NumPy structured arrays and as Arrow, in batches.

Everything that `quoin inspect` knows can be opened: DBN, CME captures, ITCH, LOBSTER, Binance, Tardis, LEAN, and the
folders that `quoin import` wrote.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import quoin


def main() -> None:
    """Reads a generated session twice: as rows, and as columns."""
    day = Path(tempfile.mkdtemp()) / "day.pcap"
    quoin.generate(day, seed=1, minutes=1)
    data = quoin.open(day)

    # Terms of the instruments. Prices are whole ticks everywhere; `Instrument` converts.
    es = data.instrument("ESH6")
    print(es, "one point is", es.multiplier, es.currency)

    # Rows: structured arrays of shape (rows,), read-only, in recorded order. Memory holds a few batches at a time.
    adds, events = 0, 0
    for rows in data.arrays(rows=10_000):
        orders = rows[rows["kind"] == quoin.Kind.ORDER]
        adds += int(np.count_nonzero(orders["action"] == quoin.OrderAction.ADD))
        events += len(rows)
    print(f"{events} events, {adds} orders added")

    # Columns: tables that Arrow's libraries take without a copy; `kinds` and `symbols` choose.
    volume, turnover = 0, 0.0
    for batch in data.batches(kinds=["trade"], symbols=["ESH6"]):
        volume += int(batch["lots"].sum())
        turnover += float((batch["price"] * batch["size"]).sum())
    print(f"{volume} lots of ESH6 traded at {turnover / volume:.2f} on average")

    # The whole recording is an Arrow stream: `pyarrow.RecordBatchReader.from_stream(data)`, `polars.DataFrame(data)`,
    # or DuckDB: `duckdb.sql("select kind, count(*) from data group by kind")`.
    assert events > 0 and volume > 0


if __name__ == "__main__":
    main()
