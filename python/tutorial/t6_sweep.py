"""6. Many runs: a sweep of configurations and seeds, on all cores or on a Ray cluster.

Each point is a pure function of (configuration, data, seed): where it runs changes nothing.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import quoin


def main() -> None:
    """Tries three latencies with two seeds each."""
    day = Path(tempfile.mkdtemp()) / "day.pcap"
    quoin.generate(day, seed=7, minutes=1)
    latencies = [100_000, 1_000_000, 10_000_000]
    configs = [
        {"trading": {"strategy": "joined_touch"}, "latency": {"order_ns": latency}} for latency in latencies
    ]
    points = quoin.sweep(configs, day, seed=[1, 2])  # ray=True: the same, on a cluster
    for point in points:
        headline = point.report["headline"]
        print(f"order latency {latencies[point.config]:>10} ns, seed {point.seed}: {headline['net']:>10} net")
    assert [point.config for point in points] == [0, 0, 1, 1, 2, 2]


if __name__ == "__main__":  # Workers import this file: what runs must stand behind this line.
    main()
