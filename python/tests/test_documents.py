"""What is written is true: the tutorial runs, the README's script prints the command line's numbers, the types hold."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

PYTHON = Path(__file__).resolve().parents[1]
LESSONS = sorted((PYTHON / "tutorial").glob("t*.py"))


def run(*arguments: str, cwd: Path) -> str:
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, cwd=cwd)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.stem)
def test_a_lesson_runs(lesson: Path, tmp_path: Path) -> None:
    if "gym" in lesson.read_text():
        pytest.importorskip("gymnasium")
    assert run(str(lesson), cwd=tmp_path)


def test_there_are_lessons() -> None:
    assert len(LESSONS) == 6


@pytest.mark.parametrize("readme", ["README.md", "../README.md"])
def test_the_readme_s_script_prints_the_command_line_s_numbers(
    readme: str, day: str, tmp_path: Path, command_line: Callable[..., str]
) -> None:
    text = (PYTHON / readme).read_text()
    scripts = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert scripts, f"{readme} shows no script"
    (tmp_path / "day.pcap").symlink_to(day)
    said = run("-c", scripts[0], cwd=tmp_path)
    due = command_line("backtest", "--data", "day.pcap", "--strategy", "joined_touch", "--json", cwd=tmp_path)
    assert said == due and json.loads(said)["headline"]["fills"] > 0


def test_types_are_strict_and_the_stubs_are_the_library_s(tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    config = ["--config-file", str(PYTHON / "pyproject.toml"), "--cache-dir", str(tmp_path)]
    sources = [str(path) for folder in ("tutorial", "benches") for path in sorted((PYTHON / folder).glob("*.py"))]
    assert "Success" in run("-m", "mypy", *config, "-p", "quoin", cwd=tmp_path)
    assert "Success" in run("-m", "mypy", *config, *sources, cwd=PYTHON / "benches")


def test_the_stubs_name_what_is_there_and_nothing_else() -> None:
    import ast

    from quoin import _quoin

    stub = ast.parse((PYTHON / "quoin" / "_quoin.pyi").read_text())
    for node in stub.body:
        if isinstance(node, ast.ClassDef):
            there = {name for name in vars(getattr(_quoin, node.name)) if not name.startswith("_")}
            named = {item.name for item in node.body if isinstance(item, ast.FunctionDef)}
            named |= {item.target.id for item in node.body if isinstance(item, ast.AnnAssign)}  # type: ignore[union-attr]
            assert {name for name in named if not name.startswith("_")} == there, node.name
        elif isinstance(node, ast.FunctionDef):
            signature = getattr(_quoin, node.name).__text_signature__ or "()"
            given = [item.arg for item in (*node.args.args, *node.args.kwonlyargs)]
            assert re.findall(r"(\w+)(?==|,|\))", re.sub(r"=[^,)]*", "", signature)) == given, node.name
