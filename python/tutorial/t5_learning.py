"""5. An environment for learning: Gymnasium's contract over the simulated venue.

Needs `pip install 'quoin[gym]'`. What learns is up to you; here a handful of fixed actions are compared.
"""

from __future__ import annotations

import numpy as np
from quoin.gym import FEATURES, MarketMaking, Terms


def play(environment: MarketMaking, behind: int, seeds: range) -> float:
    """The mean reward of quoting both sides so many ticks behind the touch."""
    total = 0.0
    for seed in seeds:
        environment.reset(seed=seed)
        over = False
        while not over:
            _, reward, terminated, truncated, _ = environment.step(np.array([behind, behind]))
            total += reward
            over = terminated or truncated
    return total / len(seeds)


def main() -> None:
    """Compares quoting at the touch with quoting behind it and with doing nothing."""
    environment = MarketMaking(interval=1.0, episode=30.0, terms=Terms(max_position=3, inventory_penalty=0.02))
    observation, info = environment.reset(seed=1)
    print("observation:", {name: round(float(value), 3) for name, value in zip(FEATURES, observation)})
    for behind in (0, 1, environment.terms.offsets):
        print(f"{behind} ticks behind the touch: {play(environment, behind, range(3)):8.2f} an episode")
    # No quotes, no reward: what is earned is earned by fills.
    assert play(environment, environment.terms.offsets, range(1)) == 0.0


if __name__ == "__main__":
    main()
