"""A sweep on a cluster: two workers, one of them killed on the way, and the same answers."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import quoin
from test_sweep import CONFIGS

ray = pytest.importorskip("ray", reason="SKIPPED: Ray is not installed (pip install 'quoin[ray]')")


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[object, list[object]]]:
    """A head that runs nothing and two workers of one processor each, on this machine."""
    from ray.cluster_utils import Cluster

    # Workers look first where their driver stands: beside the tests lies the package's source, which has no library.
    monkeypatch.chdir(tmp_path)
    os.environ["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    workers = [made.add_node(num_cpus=1) for _ in range(2)]
    ray.init(address=made.address, log_to_driver=False)
    made.wait_for_nodes()
    yield made, workers
    ray.shutdown()
    made.shutdown()


def test_a_killed_worker_changes_nothing(cluster: tuple[object, list[object]], tmp_path: Path) -> None:
    day = tmp_path / "day.pcap"
    quoin.generate(day, seed=9, minutes=1)
    seeds = list(range(6))
    due = quoin.sweep(CONFIGS, day, seeds, workers=2)
    made, workers = cluster
    found: list[quoin.Point] = []
    sweeping = threading.Thread(target=lambda: found.extend(quoin.sweep(CONFIGS, day, seeds, ray=True)))
    sweeping.start()
    # Not before both workers have something to lose.
    while sum(ray.available_resources().get("CPU", 0.0) for _ in (0,)) > 0.0 and sweeping.is_alive():
        time.sleep(0.05)
    assert sweeping.is_alive()
    made.remove_node(workers[0], allow_graceful=False)  # type: ignore[attr-defined]
    sweeping.join()
    assert found == due
    # The head takes its time to notice.
    waited_until = time.monotonic() + 60.0
    while len(workers_alive()) > 1 and time.monotonic() < waited_until:
        time.sleep(0.1)
    assert len(workers_alive()) == 1


def workers_alive() -> list[object]:
    """Nodes with a processor, as the head sees them."""
    return [node for node in ray.nodes() if node["Alive"] and node["Resources"].get("CPU")]
