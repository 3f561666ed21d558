"""Recordings as NumPy and Arrow: complete, without a copy, in bounded memory, and what other readers see."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import quoin

pyarrow = pytest.importorskip("pyarrow")


def test_the_stream_has_what_the_import_has_cell_for_cell(
    day: str, tmp_path: Path, command_line: Callable[..., str]
) -> None:
    """History is Parquet, read here by Arrow's own reader: the recording's stream must be the same columns."""
    import pyarrow.parquet

    command_line("import", day, "--to", str(tmp_path / "history"))
    files = sorted((tmp_path / "history").glob("venue=*/**/*.parquet"))
    assert len(files) >= 2
    read = [pyarrow.parquet.ParquetFile(file).read() for file in files]
    stored = pyarrow.concat_tables(read).sort_by("seq")
    streamed = pyarrow.RecordBatchReader.from_stream(quoin.open(day)).read_all()
    assert streamed.num_rows == stored.num_rows > 10_000
    for name in stored.column_names:
        ours = streamed[name].combine_chunks()
        if pyarrow.types.is_dictionary(ours.type):
            ours = pyarrow.chunked_array(
                [chunk.dictionary_decode() for chunk in streamed[name].chunks]
            ).combine_chunks()
        theirs = stored[name].combine_chunks()
        assert ours.equals(theirs.cast(ours.type)), name
    # The same through the door of history.
    again = pyarrow.RecordBatchReader.from_stream(quoin.open(tmp_path / "history")).read_all()
    for name in ("seq", "venue_at", "ticks", "lots"):
        assert again[name].combine_chunks().equals(streamed[name].combine_chunks()), name


def test_structured_arrays_say_the_same_as_arrow(day: str) -> None:
    data = quoin.open(day)
    rows = np.concatenate(list(data.arrays(rows=1_000)))
    table = pyarrow.RecordBatchReader.from_stream(data).read_all().to_pandas()
    assert len(rows) == len(table)
    kinds = np.array([kind.name.lower() for kind in quoin.Kind])
    assert (kinds[rows["kind"]] == table["kind"].to_numpy()).all()
    sides = np.array([None, "buy", "sell"], dtype=object)[rows["side"]]
    assert [side if isinstance(side, str) else None for side in table["side"]] == sides.tolist()
    for field in ("ticks", "lots", "id"):
        there = table[field].notna().to_numpy()
        assert (rows[field][there] == table[field][there].to_numpy()).all(), field
        assert (rows[field][~there] == 0).all(), field
    at = table["venue_at"].astype("int64").to_numpy()
    assert (rows["venue_at"] == at).all()
    for kind, actions in ((quoin.Kind.LEVEL, quoin.LevelAction), (quoin.Kind.ORDER, quoin.OrderAction)):
        of = rows["kind"] == kind
        names = np.array([action.name.lower() for action in actions])
        assert of.any() and (names[rows["action"][of]] == table["action"][of].to_numpy()).all()


def test_a_recorded_day_has_what_independent_tools_counted(recorded: Callable[[str], str]) -> None:
    data = quoin.open(recorded("dbn/esh4-glbx-mdp3-20231225.mbo.dbn.zst"))
    orders: Counter[int] = Counter()
    trades = 0
    for rows in data.arrays():
        orders.update(rows["action"][rows["kind"] == quoin.Kind.ORDER].tolist())
        trades += int((rows["kind"] == quoin.Kind.TRADE).sum())
    # A cancel of DBN's says how much is gone; fills that name no order are told by their trade alone.
    counted = [orders[action] for action in (quoin.OrderAction.ADD, quoin.OrderAction.REDUCE, quoin.OrderAction.MODIFY)]
    assert [*counted, trades] == [29_216, 17_999, 12_233, 2_973]


def test_arrays_are_views_that_keep_their_memory(day: str) -> None:
    arrays = quoin.open(day).arrays(rows=500)
    first = next(arrays)
    assert first.shape == (500,) and not first.flags.writeable and not first.flags.owndata
    kept = first["ticks"][10:20]
    expected = kept.copy()
    del first, arrays
    # Whatever is allocated meanwhile does not touch it.
    churn = [np.zeros(10_000) for _ in range(100)]
    assert len(churn) == 100 and (kept == expected).all()


def test_columns_reach_arrow_without_a_copy(day: str) -> None:
    batch = next(quoin.open(day).batches(rows=1_000))
    table = batch.to_pyarrow()
    assert table.column("seq").chunk(0).buffers()[1].address == batch["seq"].__array_interface__["data"][0]
    assert batch["venue_at"].dtype == np.dtype("datetime64[ns]")
    with pytest.raises(KeyError, match="no column `tick`"):
        _ = batch["tick"]
    with pytest.raises(quoin.QuoinError, match="to_polars"):
        _ = batch["kind"]


def test_kinds_and_symbols_choose(day: str) -> None:
    data = quoin.open(day)
    trades = pyarrow.concat_tables([batch.to_pyarrow() for batch in data.batches(kinds=["trade"], symbols=["ESH6"])])
    assert set(trades["kind"].to_pylist()) == {"trade"} and set(trades["symbol"].to_pylist()) == {"ESH6"}
    every = sum(len(rows) for rows in data.arrays(kinds=["trade"]))
    nq = sum(len(rows) for rows in data.arrays(kinds=["trade"], symbols=["NQH6"]))
    assert trades.num_rows > 0 and nq > 0 and trades.num_rows + nq == every
    with pytest.raises(quoin.QuoinError, match="no kind `trades`"):
        data.arrays(kinds=["trades"])
    with pytest.raises(KeyError, match="no instrument `ES`"):
        data.batches(symbols=["ES"])


def test_the_instrument_table_and_the_only_door_between_steps_and_prices(day: str) -> None:
    data = quoin.open(day)
    table = data.instruments.to_pandas().set_index("symbol")
    assert list(table.index) == ["ESH6", "NQH6"]
    assert table.loc["ESH6", ["tick", "multiplier", "currency", "origin"]].tolist() == [0.25, 50.0, "USD", "definition"]
    es = data.instrument("cme/ESH6")
    assert (es.tick, es.lot, es.multiplier) == ("0.25", "1", "50")
    assert es.price(27_600) == 6_900.0
    assert (es.bid_at(6_900.1), es.ask_at(6_900.1), es.bid_at(6_900.0), es.ask_at(6_900.0)) == (27_600, 27_601, 27_600, 27_600)
    with pytest.raises(quoin.QuoinError, match="is no price"):
        es.bid_at(float("nan"))


def test_a_consumer_that_stops_stops_the_reader(day: str) -> None:
    for _ in range(20):
        arrays = quoin.open(day).arrays(rows=10)
        assert len(next(arrays)) == 10


MEMORY = """
import resource, sys
import numpy
import quoin
data = quoin.open(sys.argv[1])
next(data.arrays())
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
rows = sum(len(batch) for batch in data.arrays())
print(rows, rows * 88 // 1024, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="counts memory in kilobytes, as Linux does")
def test_memory_does_not_grow_with_the_recording(tmp_path: Path) -> None:
    long = tmp_path / "long.pcap"
    quoin.generate(long, seed=3, minutes=10)
    done = subprocess.run([sys.executable, "-c", MEMORY, str(long)], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    rows, all_kib, grown_kib = map(int, done.stdout.split())
    assert rows > 300_000
    # A few batches in flight, not the whole: that would be `all_kib` at least.
    assert grown_kib < all_kib * 2 // 3


def test_what_cannot_be_read_says_why(tmp_path: Path) -> None:
    nothing = tmp_path / "nothing.txt"
    nothing.write_text("hello\\n")
    with pytest.raises(quoin.QuoinError, match="nothing.txt"):
        quoin.open(nothing)
    with pytest.raises(quoin.QuoinError, match="names no file"):
        quoin.open([])
