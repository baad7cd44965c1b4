"""``epochreel cache``, and where tests keep recordings: nowhere near the user's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from epochreel.scenes.cache import RecordingCache


@pytest.fixture
def filled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "kept"
    monkeypatch.setenv("EPOCHREEL_CACHE", str(folder))
    (tmp_path / "file").write_bytes(b"0" * 400_000)
    for letter in "abc":
        RecordingCache(folder).keep(letter * 64, tmp_path / "file")
    return folder


def test_it_says_where_how_many_and_how_large(cli: Callable[..., Any], filled: Path) -> None:
    ran = cli("cache")
    assert ran.code == 0
    assert ran.out.splitlines() == [str(filled), "3 recordings, 1.2 MB of at most 2.0 GB"]


def test_nothing_there_is_no_failure(
    cli: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EPOCHREEL_CACHE", str(tmp_path / "none"))
    monkeypatch.setenv("EPOCHREEL_CACHE_SIZE", "3MB")
    for arguments in ((), ("--prune", "1MB")):
        ran = cli("cache", *arguments)
        assert ran.code == 0
        assert ran.out.splitlines()[1] == "0 recordings, 0.0 kB of at most 3.0 MB"
    assert cli("cache", "--clear").out == "removed 0 recordings, 0.0 kB\n"
    assert not (tmp_path / "none").exists()


def test_prune_and_clear(cli: Callable[..., Any], filled: Path) -> None:
    assert cli("cache", "--prune", "900kB").out.splitlines()[1].startswith("2 recordings, 800.0 kB")
    assert cli("cache", "--clear").out == "removed 2 recordings, 800.0 kB\n"
    assert not filled.exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--prune", "2"], ["--prune: must be a number and one of", "MB", "got '2'"]),
        (["--prune", "-1GB"], ["--prune: must be a number", "got '-1GB'"]),
        (["--prune", "1GB", "--clear"], ["--clear: can't be given beside --prune"]),
    ],
)
def test_what_it_refuses(
    arguments: list[str],
    words: list[str],
    cli: Callable[..., Any],
    check_refusal: Callable[..., None],
    filled: Path,
) -> None:
    check_refusal(cli("cache", *arguments), words[0], words[1:])
    assert len(list((filled / "recordings").iterdir())) == 3
