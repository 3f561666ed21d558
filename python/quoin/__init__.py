"""Quoin from Python: replayable backtests on recorded market data.

    import quoin

    run = quoin.backtest({"trading": {"strategy": "joined_touch"}}, data="es.mbo.dbn.zst")
    print(run.report["headline"]["net"])          # what `quoin backtest` prints, to the byte
    print(run.fills.to_pandas())

| asked for | go to |
|---|---|
| recordings and history as NumPy and Arrow | `open`, `Data` |
| a backtest | `backtest`, `Run`, `defaults`, `strategies` |
| a strategy called for each event | `Strategy`, `View` |
| a strategy asked each interval, with arrays | `vectorised`, `Interval`, `Quotes`, `Position` |
| an environment for learning | `quoin.gym.MarketMaking` |
| many runs, here or on Ray | `sweep` |
| the proof that a run repeats | `verify` |

Prices are whole ticks and sizes whole lots wherever something is decided; `Instrument` converts. Moments are
nanoseconds since 1970 UTC.
"""

from quoin._quoin import (
    Arrays,
    Batches,
    Book,
    Data,
    Fill,
    Instrument,
    Interval,
    Order,
    QuoinError,
    Run,
    Simulation,
    Snapshot,
    Table,
    Trade,
    View,
    __version__,
    backtest,
    defaults,
    generate,
    open,
    strategies,
    verify,
)
from quoin.codes import Flag, Kind, LevelAction, OrderAction, Phase
from quoin.strategy import Position, Quotes, Strategy, Vectorised, vectorised
from quoin.sweeps import Point, sweep

__all__ = [
    "Arrays",
    "Batches",
    "Book",
    "Data",
    "Fill",
    "Flag",
    "Instrument",
    "Interval",
    "Kind",
    "LevelAction",
    "Order",
    "OrderAction",
    "Phase",
    "Point",
    "Position",
    "QuoinError",
    "Quotes",
    "Run",
    "Simulation",
    "Snapshot",
    "Strategy",
    "Table",
    "Trade",
    "Vectorised",
    "View",
    "__version__",
    "backtest",
    "defaults",
    "generate",
    "open",
    "strategies",
    "sweep",
    "vectorised",
    "verify",
]
