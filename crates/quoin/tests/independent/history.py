"""Bars of trades by pandas, over the Parquet files as they lie: a computation that knows nothing of Quoin.

usage: history.py DIR SYMBOL SECONDS
Prints JSON: for each bar its start in ns, open, high, low, close, the volume, price times size in ticks and lots, trades.
Needs: pip install pandas==3.1.1 pyarrow==26.0.1
"""

import glob
import json
import sys

import pandas


def main(folder: str, symbol: str, seconds: int) -> None:
    files = sorted(glob.glob(f"{folder}/venue=*/symbol={symbol}/date=*/*.parquet"))
    columns = ["seq", "venue_at", "kind", "price", "size", "ticks", "lots"]
    events = pandas.concat(pandas.read_parquet(file, columns=columns, partitioning=None) for file in files)
    trades = events[events["kind"] == "trade"].sort_values("seq", kind="stable")
    at = trades["venue_at"].dt.as_unit("ns").astype("int64")
    trades = trades.assign(start=at // (seconds * 10**9) * (seconds * 10**9), value=trades["ticks"] * trades["lots"])
    bars = trades.groupby("start").agg(
        open=("price", "first"),
        high=("price", "max"),
        low=("price", "min"),
        close=("price", "last"),
        volume=("size", "sum"),
        value=("value", "sum"),
        trades=("seq", "count"),
    )
    json.dump(json.loads(bars.reset_index().to_json(orient="records", double_precision=15)), sys.stdout)


main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
