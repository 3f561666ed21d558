"""What the tests share: a short synthetic day, the command line to compare with, and the recordings, where they are."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import quoin

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "python" / "benches"))


@pytest.fixture(scope="session")
def day(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A minute of two synthetic futures, as CME packets."""
    path = tmp_path_factory.mktemp("day") / "day.pcap"
    assert quoin.generate(path, seed=7, minutes=1) > 1_000
    return str(path)


def binary() -> str | None:
    """The `quoin` to compare with: `QUOIN_BIN`, a build of this checkout, or the one on the path."""
    built = [ROOT / "target" / profile / "quoin" for profile in ("release", "debug")]
    candidates = [os.environ.get("QUOIN_BIN"), *map(str, built), shutil.which("quoin")]
    return next((path for path in candidates if path and Path(path).is_file()), None)


@pytest.fixture(scope="session")
def command_line() -> Callable[..., str]:
    """Runs `quoin` with arguments; gives what it printed."""
    path = binary()
    if path is None:
        pytest.skip("SKIPPED: no `quoin` binary to compare with (cargo build, or set QUOIN_BIN)")

    def run(*arguments: str, code: int = 0, cwd: Path | None = None) -> str:
        done = subprocess.run(
            [path, *arguments], capture_output=True, text=True, env={**os.environ, "NO_COLOR": "1"}, cwd=cwd
        )
        assert done.returncode == code, done.stderr
        return done.stdout if code == 0 else done.stderr

    return run


@pytest.fixture(scope="session")
def recorded() -> Callable[[str], str]:
    """The path of a recorded file."""
    folder = Path(os.environ.get("QUOIN_DATA", ROOT.parent / "shared" / "data"))

    def find(name: str) -> str:
        if not folder.is_dir():
            pytest.skip(f"SKIPPED: no recorded data at {folder} (set QUOIN_DATA): {name}")
        path = folder / name
        assert path.exists(), f"no recorded file {path}"
        return str(path)

    return find
