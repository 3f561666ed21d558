"""A backtest from Python is the command line's, byte for byte, and its tables agree with its report."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import quoin

CONFIG: dict[str, Any] = {
    "trading": {"strategy": "joined_touch", "seed": 11},
    "latency": {"jitter_ns": 250_000, "jitter_shape": "uniform"},
    "strategy": {"joined_touch": {"max_position": 4}},
    "fees": {"maker_bp": -0.1, "taker_bp": 0.5},
}
TOML = """
[trading]
strategy = "joined_touch"
seed = 11
[latency]
jitter_ns = 250000
jitter_shape = "uniform"
[strategy.joined_touch]
max_position = 4
[fees]
maker_bp = -0.1
taker_bp = 0.5
"""


@pytest.fixture(scope="module")
def run(day: str) -> quoin.Run:
    return quoin.backtest(CONFIG, day)


def test_a_dict_gives_the_command_line_s_report_to_the_byte(
    run: quoin.Run, day: str, tmp_path: Path, command_line: Callable[..., str]
) -> None:
    path = tmp_path / "quoin.toml"
    path.write_text(TOML)
    said = command_line("backtest", "--data", day, "--config", str(path), "--json")
    assert run.report["headline"]["fills"] > 10
    assert run.report_json == said
    assert quoin.backtest(path, [day]).report_json == said
    assert quoin.backtest(path, f"file://{day}", seed=12).report_json != said


def test_defaults_and_a_named_strategy_do_as_well(day: str, command_line: Callable[..., str]) -> None:
    said = command_line("backtest", "--data", day, "--strategy", "avellaneda_stoikov", "--symbols", "NQH6", "--json")
    run = quoin.backtest(data=day, strategy="avellaneda_stoikov", symbols=["NQH6"])
    assert run.report_json == said


def test_a_recorded_day_gives_the_same_numbers(
    recorded: Callable[[str], str], command_line: Callable[..., str]
) -> None:
    data = recorded("dbn/esh4-glbx-mdp3-20231225.mbo.dbn.zst")
    said = command_line("backtest", "--data", data, "--strategy", "joined_touch", "--json")
    run = quoin.backtest(data=data, strategy="joined_touch")
    assert run.report["headline"]["fills"] > 0
    assert run.report_json == said


def test_a_part_of_history_gives_the_command_line_s_report(
    day: str, tmp_path: Path, command_line: Callable[..., str]
) -> None:
    history = str(tmp_path / "history")
    command_line("import", day, "--to", history)
    part = ["--from", "2026-01-05T14:30:20Z", "--to", "2026-01-05T14:30:50Z", "--symbol", "ESH6"]
    said = command_line("backtest", "--data", history, *part, "--strategy", "joined_touch", "--json")
    run = quoin.backtest(
        data=history,
        strategy="joined_touch",
        start="2026-01-05 14:30:20Z",
        end=1_767_623_450_000_000_000,
        select=["ESH6"],
    )
    assert run.report["headline"]["fills"] > 0 and run.report_json == said


def test_what_is_written_is_what_the_command_line_writes(
    day: str, tmp_path: Path, command_line: Callable[..., str]
) -> None:
    command_line("backtest", "--data", day, "--strategy", "joined_touch", "--out", str(tmp_path / "theirs"))
    quoin.backtest(data=day, strategy="joined_touch", out=tmp_path / "ours")
    for name in ("report.json", "report.html", "journal.qj"):
        assert (tmp_path / "ours" / name).read_bytes() == (tmp_path / "theirs" / name).read_bytes(), name
    proof = quoin.verify(tmp_path / "ours")
    assert proof["proved"] and proof["same_code"] is None
    with pytest.raises(quoin.QuoinError, match="holds a run already; force=True"):
        quoin.backtest(data=day, out=tmp_path / "ours")


def test_fills_orders_and_equity_agree_with_the_report(run: quoin.Run) -> None:
    report = run.report
    fills, orders = run.fills.to_pandas(), run.orders.to_pandas()
    assert len(fills) == report["headline"]["fills"]
    assert len(orders) == report["activity"]["orders_placed"]
    assert fills["fee"].sum() == pytest.approx(float(report["headline"]["fees"]), abs=1e-9)
    multiplier = float(report["instruments"][0]["multiplier"])
    turnover = (fills["price"] * fills["size"]).sum() * multiplier
    assert turnover == pytest.approx(float(report["headline"]["turnover"]), rel=1e-12)
    # The position after each fill is the sum of what was bought less what was sold.
    signed = fills["lots"].where(fills["side"] == "buy", -fills["lots"])
    assert (signed.cumsum() == fills["position"]).all()
    assert fills["position"].iloc[-1] == report["instruments"][0]["inventory"]["last"]
    # Each order's fills add up to what the order says.
    by_order = fills.groupby("order")["lots"].sum()
    assert (orders.set_index("order")["filled_lots"].loc[by_order.index] == by_order).all()
    assert orders["filled_lots"].sum() == by_order.sum()
    assert set(orders["state"]) <= {"pending", "working", "filled", "canceled", "rejected"}
    equity = run.equity.to_pandas()
    assert equity["at"].is_monotonic_increasing and len(equity) >= 60
    assert run.equity["net"].shape == (len(equity),)


def test_tables_are_arrow_for_whoever_knows_arrow(run: quoin.Run) -> None:
    polars = pytest.importorskip("polars")
    pyarrow = pytest.importorskip("pyarrow")
    frame = run.fills.to_polars()
    assert isinstance(frame, polars.DataFrame) and frame.height == len(run.fills)
    assert frame["ticks"].to_list() == run.fills["ticks"].tolist()
    table = pyarrow.table(run.fills)
    assert table.schema.field("at").type == pyarrow.timestamp("ns", tz="UTC")
    assert table.column_names == run.fills.column_names
    # The same memory, not a copy of it.
    buffer = table.column("ticks").chunk(0).buffers()[1]
    ours = run.fills["ticks"]
    assert buffer.address == ours.__array_interface__["data"][0]
    assert not ours.flags.writeable


def test_without_tables_nothing_is_kept(day: str) -> None:
    bare = quoin.backtest(CONFIG, day, tables=False)
    assert bare.report["headline"]["fills"] > 10
    with pytest.raises(quoin.QuoinError, match="tables=False"):
        _ = bare.fills


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"risk": {"max_postion": 3}}, "config: unknown key `risk.max_postion`; did you mean `risk.max_position`?"),
        ({"trading": {"strategy": "gltf"}}, "config: `trading.strategy` is `gltf`: did you mean `glft`?"),
        ({"risk": {"max_position": None}}, "None is no value"),
        ("nowhere.toml", "cannot read nowhere.toml"),
    ],
)
def test_a_configuration_is_refused_with_advice(config: Any, message: str) -> None:
    with pytest.raises(quoin.QuoinError) as refused:
        quoin.backtest(config)
    assert message in str(refused.value)


def test_other_mistakes_are_refused_with_advice(day: str) -> None:
    with pytest.raises(quoin.QuoinError, match="did you mean `ESH6`"):
        quoin.backtest(data=day, symbols=["ESH7"])
    with pytest.raises(quoin.QuoinError, match="there is `day.pcap`"):
        quoin.backtest(data=str(Path(day).with_name("dya.pcap")))
    with pytest.raises(quoin.QuoinError, match="hand in an instance"):
        quoin.backtest(data=day, strategy=quoin.Strategy)  # type: ignore[arg-type]
    with pytest.raises(quoin.QuoinError, match="select from history"):
        quoin.backtest(data=day, start="2026-01-05")
    with pytest.raises(TypeError, match="a dict of sections or the path"):
        quoin.backtest(5)  # type: ignore[arg-type]


def test_the_interpreter_s_lock_is_free_while_rust_runs(day: str) -> None:
    """Another thread goes on counting. Turns are made an hour long, so that it can only count while the lock is let go
    of, and it counts until it is told to stop: were the lock held by the run, it would stand still throughout."""
    counted, turn = [0], sys.getswitchinterval()
    stop = threading.Event()

    def count() -> None:
        while not stop.is_set():
            counted[0] += 1
            time.sleep(0)  # gives the lock back, so that this thread may go on

    thread = threading.Thread(target=count)
    sys.setswitchinterval(3_600)
    try:
        thread.start()
        before = counted[0]
        run = quoin.backtest(data=[day], strategy="glft")
        after = counted[0]
        stop.set()
    finally:
        stop.set()
        sys.setswitchinterval(turn)
        thread.join()
    assert run.inputs > 10_000
    # Entering and leaving are a handful of chances; a run is thousands of them.
    assert after - before > 100


def test_the_report_is_a_dict_and_a_page(run: quoin.Run) -> None:
    assert run.report == json.loads(run.report_json)
    assert run.report_markdown.startswith("# ")
    parts = run.figures["breakdown_sides"].to_pandas()
    assert parts["net"].sum() == pytest.approx(float(run.report["headline"]["net"]), abs=1e-6)
    assert len(run.figures["earned"].to_pandas()) == len(run.report["earned"])
    assert run.report_html.startswith("<!doctype html>") or run.report_html.startswith("<!DOCTYPE html>")
    assert "joined_touch" in repr(run) and run.events_per_second > 0
