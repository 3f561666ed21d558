"""A sweep's points are pure functions: the same wherever they run, and however often."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

import quoin
from joined_touch import JoinedTouch
from test_vectorised import joined

CONFIGS: list[dict[str, Any]] = [
    {"trading": {"strategy": "joined_touch"}, "strategy": {"joined_touch": {"max_position": most}}} for most in (1, 5)
]


def test_points_come_in_order_and_are_the_single_runs(day: str) -> None:
    points = quoin.sweep(CONFIGS, day, seed=[1, 2], workers=2)
    assert [(point.config, point.seed) for point in points] == [(0, 1), (0, 2), (1, 1), (1, 2)]
    for point in points:
        alone = quoin.backtest(CONFIGS[point.config], day, seed=point.seed)
        assert point.report_json == alone.report_json
        assert point.net == float(alone.report["headline"]["net"])
    assert len({point.report["hashes"]["commands"] for point in points}) == 4
    assert quoin.sweep(CONFIGS, day, seed=[1, 2], workers=1) == points


def test_strategies_in_python_travel_to_the_workers(day: str) -> None:
    for strategy in (JoinedTouch(max_position=2), joined):
        points = quoin.sweep([{}, {"latency": {"order_ns": 5_000_000}}], [day], strategy=strategy, workers=2)
        alone = quoin.backtest(data=day, strategy=pickle.loads(pickle.dumps(strategy)))
        assert points[0].report_json == alone.report_json != points[1].report_json


def test_a_mistake_in_a_point_is_raised(day: str) -> None:
    with pytest.raises(quoin.QuoinError, match="did you mean `glft`"):
        quoin.sweep([{}, {"trading": {"strategy": "gltf"}}], day, workers=2)
