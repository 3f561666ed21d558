"""A Gymnasium environment over the simulated venue: quote, be filled or not, and live with the position.

Everything between a decision and its reward is the machine of a backtest: risk checks, order latency, queue position,
fees. What is unrealistic about a backtest is unrealistic here: above all, the market does not react.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from quoin._quoin import Simulation, Snapshot

Observation = NDArray[np.float32]
Action = NDArray[np.int64]

FEATURES: tuple[str, ...] = (
    "spread",
    "imbalance",
    "imbalance_5",
    "microprice",
    "move",
    "move_mean",
    "flow",
    "inventory",
    "own_bid",
    "own_ask",
    "live",
    "elapsed",
)
"""What an observation holds, in order:

- `spread`: ask less bid, in ticks, at most 20, over 20
- `imbalance`, `imbalance_5`: bid size less ask size over their sum, at the touch and on five levels
- `microprice`: the size-weighted mid less the mid, in spreads
- `move`: the mid's change since the last decision, in ticks, squashed by tanh(x / 5)
- `move_mean`: its exponential mean with a half-life of ten decisions, squashed alike
- `flow`: what buyers took less what sellers took since the last decision, over what was traded
- `inventory`: the position over `max_position`
- `own_bid`, `own_ask`: how many ticks our quote is behind the touch, over `offsets`; -1 without one
- `live`: whether the book may be traded on
- `elapsed`: how much of the episode is over
"""


@dataclass(frozen=True, slots=True)
class Terms:
    """What the agent may do and what it is paid for."""

    order_size: int = 1
    """Lots a quote shows."""
    max_position: int = 5
    """Lots either way; a side that could lead beyond is not quoted."""
    offsets: int = 5
    """A side's action k < offsets quotes k ticks behind the touch; k = offsets quotes nothing."""
    inventory_penalty: float = 0.01
    """Taken from the reward each decision: times (position / order_size)², in `reward_unit`."""
    reward_unit: float = 12.5
    """Currency that is a reward of one: a tick of an E-mini S&P 500 future."""
    ruin: float = 50_000.0
    """A loss of so much currency ends the episode (terminated)."""


class MarketMaking(gymnasium.Env[Observation, Action]):
    """One instrument, two quotes, a decision each `interval` seconds of market time for `episode` seconds.

    - action: `MultiDiscrete([offsets + 1, offsets + 1])`, bid and ask: ticks behind the touch, or no quote
    - observation: `Box(-1, 1, (12,), float32)`, see `FEATURES`
    - reward: the change of mark-to-market profit and loss after fees, in `reward_unit`, less the inventory penalty
    - terminated at ruin; truncated when the episode's time, or its data, is over

    Without `data` every seed is a synthetic session of its own; with data every episode replays the recording, and the
    seed moves latencies and rejects. The same seed and the same actions give the same episode, bit for bit.
    `info` has `net` (currency), `position` (lots), `fills`, `at` (ns since 1970 UTC), `bid`, `ask` (ticks).
    """

    metadata: dict[str, Any] = {"render_modes": []}

    def __init__(
        self,
        data: str | Sequence[str] | None = None,
        config: dict[str, Any] | str | None = None,
        *,
        interval: float = 1.0,
        episode: float = 60.0,
        kind: str = "queue_reactive",
        terms: Terms = Terms(),
        render_mode: str | None = None,
    ) -> None:
        self.terms = terms
        self.episode = episode
        self.render_mode = render_mode
        self.action_space = spaces.MultiDiscrete([terms.offsets + 1] * 2)
        self.observation_space = spaces.Box(-1.0, 1.0, (len(FEATURES),), np.float32)
        self._simulation = Simulation(config, data, interval=interval, episode=episode, kind=kind)
        self._seen: Snapshot | None = None
        self._started_at = 0
        self._mid = 0.0
        self._move_mean = 0.0

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Begins an episode. Without a seed, one is drawn from the environment's own generator."""
        super().reset(seed=seed)
        chosen = seed if seed is not None else int(self.np_random.integers(2**31))
        seen = self._simulation.reset(chosen)
        self._seen, self._started_at = seen, seen.at
        self._mid, self._move_mean = (seen.bid + seen.ask) / 2, 0.0
        return self._observe(seen, 0.0), _info(seen)

    def step(self, action: Action) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Quotes until the next decision."""
        before = self._seen
        if before is None:
            raise RuntimeError("reset begins an episode")
        bid, ask = self._quotes(before, int(action[0]), int(action[1]))
        seen = self._simulation.step(bid, ask)
        self._seen = seen
        mid = (seen.bid + seen.ask) / 2
        move, self._mid = mid - self._mid, mid
        self._move_mean += (1.0 - 0.5**0.1) * (move - self._move_mean)
        held = seen.position / self.terms.order_size
        earned = (seen.net - before.net) / self.terms.reward_unit
        reward = earned - self.terms.inventory_penalty * held * held
        terminated = seen.net <= -self.terms.ruin
        return self._observe(seen, move), reward, terminated, seen.over and not terminated, _info(seen)

    def _quotes(
        self, seen: Snapshot, bid_behind: int, ask_behind: int
    ) -> tuple[tuple[int, int] | None, tuple[int, int] | None]:
        terms = self.terms
        room_to_buy = min(terms.order_size, terms.max_position - seen.position)
        room_to_sell = min(terms.order_size, terms.max_position + seen.position)
        bid = (seen.bid - bid_behind, room_to_buy) if bid_behind < terms.offsets and room_to_buy > 0 else None
        ask = (seen.ask + ask_behind, room_to_sell) if ask_behind < terms.offsets and room_to_sell > 0 else None
        return bid, ask

    def _observe(self, seen: Snapshot, move: float) -> Observation:
        spread = max(seen.ask - seen.bid, 0)
        bids, asks = sum(seen.bid_sizes), sum(seen.ask_sizes)
        touch = _share(seen.bid_sizes[0], seen.ask_sizes[0])
        offsets = self.terms.offsets
        own_bid = -1.0 if seen.own_bid is None else (seen.bid - seen.own_bid) / offsets
        own_ask = -1.0 if seen.own_ask is None else (seen.own_ask - seen.ask) / offsets
        elapsed = (seen.at - self._started_at) / 1e9 / self.episode
        features = (
            min(spread, 20) / 20,
            touch,
            _share(bids, asks),
            # (bid·ask_size + ask·bid_size) / sizes - mid, over the spread, is half the imbalance.
            touch / 2,
            np.tanh(move / 5),
            np.tanh(self._move_mean / 5),
            seen.flow / seen.volume if seen.volume > 0 else 0.0,
            seen.position / self.terms.max_position,
            own_bid,
            own_ask,
            float(seen.live),
            elapsed,
        )
        return np.clip(np.array(features, dtype=np.float32), -1.0, 1.0)


def _share(first: int, second: int) -> float:
    both = first + second
    return (first - second) / both if both > 0 else 0.0


def _info(seen: Snapshot) -> dict[str, Any]:
    return {
        "net": seen.net,
        "position": seen.position,
        "fills": seen.fills,
        "at": seen.at,
        "bid": seen.bid,
        "ask": seen.ask,
    }
