"""3. A strategy called for each event, its journal, and the proof that the run repeats.

A strategy wishes; risk, orders and the simulated venue do the rest, as for a strategy in Rust.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import quoin


class Leaning(quoin.Strategy):
    """Joins the touch, and steps one tick back on the side that would make its position larger."""

    pace = 0.1
    """Think at most ten times a second; what changed meanwhile is heard then."""

    def __init__(self, most: int = 3) -> None:
        self.most = most
        self.parameters = {"most": most}
        self.fills = 0

    def on_book(self, view: quoin.View) -> None:
        bid, ask = view.bid, view.ask
        if not view.live or bid is None or ask is None:
            view.quote(None, None)
            return
        lean = view.position
        # Ticks and lots; sizes of zero are no quote. `quote` sends as few messages as get there.
        view.quote(
            (bid - 1 if lean > 0 else bid, min(1, self.most - lean)),
            (ask + 1 if lean < 0 else ask, min(1, self.most + lean)),
        )

    def on_fill(self, view: quoin.View, fill: quoin.Fill) -> None:
        self.fills += 1

    def on_refused(self, view: quoin.View, wish: str, kind: str, why: str) -> None:
        print(f"risk refused to {wish}: {why}")


def main() -> None:
    """Runs it, keeps the journal, and proves the run."""
    folder = Path(tempfile.mkdtemp())
    quoin.generate(folder / "day.pcap", seed=7, minutes=1)
    strategy = Leaning()
    run = quoin.backtest(data=folder / "day.pcap", strategy=strategy, out=folder / "run")
    print(run)
    assert strategy.fills == len(run.fills)

    # The journal holds every input and every command, not the code: to prove the run, bring the code again. A fresh
    # instance, for a strategy remembers.
    proof = quoin.verify(folder / "run", Leaning())
    print("proved:", proof["proved"], "- the same", proof["commands"], "commands to", proof["inputs"], "inputs")
    assert proof["proved"] and proof["same_code"]

    # Another strategy does not pass for it.
    assert not quoin.verify(folder / "run", Leaning(most=1))["proved"]


if __name__ == "__main__":
    main()
