"""What a scene may not say of its data, CSV files that can't be used, and what is said then."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

# id: (text of the scene, line, key, words that the message must hold)
BAD: dict[str, tuple[str, int | None, str, list[str]]] = {
    # types
    "text for a number": ('[data]\nnoise = "0.2"', 2, "data.noise", ["a number", "'0.2'"]),
    "float for a count": ("[data]\nsamples = 1000.0", 2, "data.samples", ["whole", "1000.0"]),
    "true for a count": ("[data]\nseed = true", 2, "data.seed", ["whole number", "got true"]),
    "text for true": (
        '[data]\nkind = "csv"\npath = "ok.csv"\nheader = "yes"',
        4,
        "data.header",
        ["true or false", "'yes'"],
    ),
    "date for a number": ("[data]\nnoise = 2020-01-01", 2, "data.noise", ["a number", "a date"]),
    "number for a table": ("data = 5", 1, "data", ["must be a table", "got 5"]),
    "text for a table": ('data = "moons"', 1, "data", ["must be a table", "'moons'"]),
    "not a number": ("[data]\nnoise = nan", 2, "data.noise", ["finite", "nan"]),
    "number of 400 digits": (
        f"[data]\nsamples = {10**400}",
        2,
        "data.samples",
        ["≤ 1000000", "more than 30 digits"],
    ),
    # unknown keys and names
    "unknown key": (
        "[data]\nnosie = 0.2",
        2,
        "data.nosie",
        ["unknown key", "did you mean 'noise'", "allowed: ", "test_fraction"],
    ),
    "key of another kind": (
        '[data]\nkind = "csv"\npath = "ok.csv"\nsamples = 5',
        4,
        "data.samples",
        ["unknown key", "allowed: ", "label"],
    ),
    "unknown kind of data": (
        '[data]\nkind = "moon"',
        2,
        "data.kind",
        ["'moons', 'circles'", "did you mean 'moons'"],
    ),
    "kind that is no text": ("[data]\nkind = 3", 2, "data.kind", ["'moons'", "got 3"]),
    # numbers out of range
    "negative noise": ("[data]\nnoise = -1", 2, "data.noise", ["≥ 0", "got -1"]),
    "no samples": ("[data]\nsamples = 0", 2, "data.samples", ["≥ 10", "got 0"]),
    "too many samples": ("[data]\nsamples = 1_000_001", 2, "data.samples", ["≤ 1000000"]),
    "all for testing": ("[data]\ntest_fraction = 1", 2, "data.test_fraction", ["≤ 0.9"]),
    "seed too large": ("[data]\nseed = 4294967296", 2, "data.seed", ["≤ 4294967295"]),
    "viewport of three": ("[data]\nviewport = [0, 1, 2]", 2, "data.viewport", ["x_min, x_max"]),
    "viewport turned round": (
        "[data]\nviewport = [1, 0, 0, 1]",
        2,
        "data.viewport",
        ["x_min must be less than x_max"],
    ),
    "viewport without height": (
        "[data]\nviewport = [0, 1, 2, 2]",
        2,
        "data.viewport",
        ["y_min must be less than y_max, got 2 and 2"],
    ),
    # classes
    "one class": ('[data]\nkind = "blobs"\nclasses = 1', 3, "data.classes", ["≥ 2", "got 1"]),
    "classes of moons": ("[data]\nclasses = 3", 2, "data.classes", ["unknown key"]),
    # CSV data
    "csv without a path": ('[data]\nkind = "csv"', 1, "data.path", ["must be given"]),
    "csv that is not there": (
        '[data]\nkind = "csv"\npath = "okk.csv"',
        3,
        "data.path",
        ["no such file", "did you mean 'ok.csv'"],
    ),
    "csv that is a folder": ('[data]\nkind = "csv"\npath = "."', 3, "data.path", ["be a file"]),
    "csv with a NUL in its name": (
        '[data]\nkind = "csv"\npath = "a\\u0000b"',
        3,
        "data.path",
        ["no such file", "a\\x00b"],
    ),
}

CSV: dict[str, tuple[str, str, str, list[str]]] = {
    "empty": ("", "", "data.path", ["empty"]),
    "only a header": ("a,b,label\n", "", "data.path", []),
    "a cell that is no number": ("1,2,x\n3,four,y\n" * 9, "", "data.path", ["four"]),
    "a cell that is not finite": ("1,2,x\n3,nan,y\n" * 9, "", "data.path", ["nan"]),
    "an infinite cell": ("1,2,x\n3,inf,y\n" * 9, "", "data.path", ["inf"]),
    "one class": ("1,2,x\n3,4,x\n" * 9, "", "data", ["class"]),
    "eleven classes": ("".join(f"1,2,{n}\n" for n in range(11)) * 9, "", "data", ["class"]),
    "a column too few": ("1,x\n3,y\n" * 9, "", "data", ["column"]),
    "a row too short": ("1,2,x\n3,y\n" * 9, "", "data", []),
    "no such label": (
        "a,b,kind\n" + "1,2,x\n3,4,y\n" * 9,
        'label = "kinds"',
        "data.label",
        ["'kind'"],
    ),
    "too few samples": ("1,2,x\n3,4,y\n", "", "data", []),
    "a cell as long as a book": (f"1,{'x' * 5000},x\n3,4,y\n" * 9, "", "data.path", ["…"]),
    "not text": ("\udcff\udcfe,2,x\n", "", "data.path", []),
}


@pytest.fixture(autouse=True)
def good_csv(tmp_path: Path) -> None:
    (tmp_path / "ok.csv").write_text("1,2,x\n3,4,y\n" * 20, encoding="utf-8")


@pytest.mark.parametrize("name", BAD)
def test_bad_data(name: str, refuses: Callable[..., None]) -> None:
    refuses(*BAD[name])


@pytest.mark.parametrize("name", CSV)
def test_bad_csv(
    name: str,
    check_refusal: Callable[..., None],
    cli: Callable[..., Any],
    scene_file: Callable[..., Path],
    tmp_path: Path,
) -> None:
    table, options, key, words = CSV[name]
    (tmp_path / "bad.csv").write_bytes(table.encode("utf-8", "surrogateescape"))
    scene_file(f'[data]\nkind = "csv"\npath = "bad.csv"\n{options}')
    ran = cli("check", "my.toml")
    check_refusal(ran, "my.toml:", words)
    assert f": {key}" in ran.err
