"""The environment keeps Gymnasium's contract, and an episode repeats bit for bit."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

pytest.importorskip("gymnasium")

from gymnasium.utils.env_checker import check_env

from quoin.gym import FEATURES, MarketMaking, Terms


def episode(environment: MarketMaking, seed: int, actions: int) -> list[Any]:
    """What an episode showed under actions drawn from a seed."""
    observation, info = environment.reset(seed=seed)
    story: list[Any] = [(observation.tolist(), info)]
    draw = np.random.default_rng(actions)
    while True:
        action = draw.integers(0, environment.terms.offsets + 1, size=2)
        observation, reward, terminated, truncated, info = environment.step(action)
        story.append((observation.tolist(), reward, terminated, truncated, info))
        if terminated or truncated:
            return story


def test_gymnasium_s_own_checker_is_content() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(MarketMaking(episode=10.0), skip_render_check=True)


def test_the_same_seed_and_actions_give_the_same_episode() -> None:
    environment = MarketMaking(episode=30.0)
    first = episode(environment, seed=3, actions=1)
    assert len(first) == 31 and first[-1][3]
    assert episode(environment, seed=3, actions=1) == first
    assert episode(MarketMaking(episode=30.0), seed=3, actions=1) == first
    assert episode(environment, seed=4, actions=1) != first
    assert episode(environment, seed=3, actions=2) != first


def test_rewards_are_the_profit_less_the_penalty_and_positions_keep_their_bounds() -> None:
    terms = Terms(max_position=2, inventory_penalty=0.02)
    environment = MarketMaking(episode=60.0, terms=terms)
    environment.reset(seed=5)
    total, penalty, positions = 0.0, 0.0, set()
    while True:
        observation, reward, terminated, truncated, info = environment.step(np.array([0, 0]))
        assert observation.shape == (len(FEATURES),) and observation.dtype == np.float32
        assert observation[FEATURES.index("inventory")] == np.float32(info["position"] / 2)
        total += reward
        penalty += 0.02 * info["position"] ** 2
        positions.add(info["position"])
        if terminated or truncated:
            break
    assert info["fills"] > 3 and len(positions) > 1 and positions <= {-2, -1, 0, 1, 2}
    assert total == pytest.approx(info["net"] / terms.reward_unit - penalty, abs=1e-6)


def test_quoting_nothing_earns_nothing() -> None:
    environment = MarketMaking(episode=10.0)
    environment.reset(seed=1)
    for _ in range(10):
        observation, reward, terminated, truncated, info = environment.step(np.array([5, 5]))
        assert reward == 0.0 and info["net"] == 0.0 and info["fills"] == 0
        assert observation[FEATURES.index("own_bid")] == observation[FEATURES.index("own_ask")] == -1.0
    assert truncated and not terminated


def test_a_quote_stands_where_the_action_said() -> None:
    environment = MarketMaking(episode=20.0, interval=0.01)
    environment.reset(seed=2)
    seen = 0
    before = environment._seen
    assert before is not None
    for _ in range(200):
        environment.step(np.array([3, 5]))
        now = environment._seen
        assert now is not None and now.own_ask is None
        # The touch may move while the order travels; where it did not, the quote is three ticks behind it.
        if now.own_bid is not None and now.bid == before.bid:
            seen += now.bid - now.own_bid == 3
        before = now
    assert seen > 50


def test_ruin_ends_an_episode() -> None:
    environment = MarketMaking(episode=60.0, config={"fees": {"maker_bp": 5.0}}, terms=Terms(ruin=100.0))
    story = episode(environment, seed=5, actions=1)
    assert story[-1][2] and not story[-1][3] and story[-1][4]["net"] <= -100.0


def test_a_recording_is_an_episode_too(day: str) -> None:
    environment = MarketMaking(data=day, episode=15.0)
    first = episode(environment, seed=1, actions=1)
    assert first == episode(environment, seed=1, actions=1)
    assert len(first) == 16
    # Beyond its end there is nothing: the episode is cut there.
    long = MarketMaking(data=day, episode=600.0, interval=5.0)
    story = episode(long, seed=1, actions=1)
    assert 10 < len(story) < 15 and story[-1][3]


def test_steps_before_a_reset_are_refused() -> None:
    with pytest.raises(RuntimeError, match="reset begins an episode"):
        MarketMaking(episode=5.0).step(np.array([0, 0]))
