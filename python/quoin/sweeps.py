"""Many runs: each a pure function of (configuration, data, seed), so that where it runs changes nothing.

Locally each worker is a process; with `ray=True` each point is a Ray task, and one whose worker dies is run again
elsewhere and gives what it would have given.
"""

from __future__ import annotations

import json
import multiprocessing
import os
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any

from quoin._quoin import backtest
from quoin.strategy import Strategy, Vectorised

Config = Mapping[str, Any] | str | os.PathLike[str]
DataUri = str | os.PathLike[str]


@dataclass(frozen=True, slots=True)
class Point:
    """One run of a sweep."""

    config: int
    """Which of the configurations, from 0."""
    seed: int
    """Its seed."""
    report_json: str
    """`report.json`, as the command line would print it."""

    @property
    def report(self) -> dict[str, Any]:
        """`report.json` as a dict."""
        report: dict[str, Any] = json.loads(self.report_json)
        return report

    @property
    def net(self) -> float:
        """Net profit and loss, after fees, in the run's currency."""
        return float(self.report["headline"]["net"])


@dataclass(frozen=True, slots=True)
class _Task:
    """Everything a run depends on, and nothing else."""

    place: int
    config: dict[str, Any] | str
    data: tuple[str, ...]
    strategy: str | Strategy | Vectorised | None
    seed: int

    def run(self) -> Point:
        run = backtest(self.config, list(self.data), self.strategy, seed=self.seed, tables=False)
        return Point(self.place, self.seed, run.report_json)


def _run(task: _Task) -> Point:
    return task.run()


def sweep(
    configs: Iterable[Config],
    data: DataUri | Sequence[DataUri] = (),
    seed: int | Sequence[int] = 1,
    *,
    strategy: str | Strategy | Vectorised | None = None,
    ray: bool = False,
    workers: int | None = None,
) -> list[Point]:
    """Runs every configuration with every seed; answers in the order of the configurations, then of the seeds.

    `configs` are dicts or TOML paths as `backtest` takes them. `data` must be readable wherever a point runs: a path that
    all nodes share. `strategy` stands before the configurations'; one in Python must be importable there.

    `workers` processes work at a time (all cores unless told otherwise); a strategy of the list needs no import.
    With `ray=True` the points are Ray tasks on the cluster that `ray.init` joined, or on a local one; a point whose
    worker dies is run again, up to three times.
    """
    seeds = [seed] if isinstance(seed, int) else list(seed)
    if isinstance(data, (str, os.PathLike)):
        data = (data,)
    paths = tuple(os.fspath(path) for path in data)
    tasks = [
        _Task(place, dict(config) if isinstance(config, Mapping) else os.fspath(config), paths, strategy, one)
        for place, config in enumerate(configs)
        for one in seeds
    ]
    if ray:
        return _on_ray(tasks)
    count = min(workers or os.cpu_count() or 1, len(tasks))
    if count <= 1:
        return [task.run() for task in tasks]
    # Spawned, not forked: a fork copies locks that other threads hold.
    with ProcessPoolExecutor(count, mp_context=multiprocessing.get_context("spawn")) as pool:
        return list(pool.map(_run, tasks))


def _on_ray(tasks: Sequence[_Task]) -> list[Point]:
    try:
        import ray
    except ImportError as error:
        raise ImportError("sweep(ray=True) needs Ray: pip install 'quoin[ray]'") from error
    if not ray.is_initialized():
        ray.init(log_to_driver=False)
    remote = ray.remote(max_retries=3)(_run)
    points: list[Point] = ray.get([remote.remote(task) for task in tasks])
    return points
