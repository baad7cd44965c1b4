from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from epochreel.scenes.locating import line_of, locate_keys

DOCUMENT = '''# a comment = 1
title = "a # b [data]"
x.y = 1

[data]  # [models]
noise = 0.2
v = [1,
  2, # c ]
  """a]
\\""""
,
 3]
text = \'\'\'
noise = 5
[data]
\'\'\'
[[models]]
name = 'x # y'
opt = { kind = "sgd", deep = { a = [1, 2] } }
[[models]]
"na\\u006de" = 1
'a.b' = 2
[models.capture]
every = 1979-05-27 07:32:00
unit = 2
[[models.layers]]
a = 1
[[models.layers]]
a = 1
[ far . away ]
z = true
'''


def expected_lines() -> dict[tuple[str | int, ...], int]:
    return {
        ("title",): 2,
        ("x",): 3,
        ("x", "y"): 3,
        ("data",): 5,
        ("data", "noise"): 6,
        ("data", "v"): 7,
        ("data", "v", 1): 8,
        ("data", "v", 2): 9,
        ("data", "v", 3): 12,
        ("data", "text"): 13,
        ("models",): 17,
        ("models", 0): 17,
        ("models", 0, "name"): 18,
        ("models", 0, "opt", "deep", "a", 1): 19,
        ("models", 1): 20,
        ("models", 1, "name"): 21,
        ("models", 1, "a.b"): 22,
        ("models", 1, "capture"): 23,
        ("models", 1, "capture", "every"): 24,
        ("models", 1, "capture", "unit"): 25,
        ("models", 1, "layers", 0, "a"): 27,
        ("models", 1, "layers", 1): 28,
        ("far",): 30,
        ("far", "away", "z"): 31,
    }


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_every_key_is_found_on_its_line(ending: str) -> None:
    text = DOCUMENT.replace("\n", ending)
    tomllib.loads(text)
    lines = locate_keys(text)
    expected = expected_lines()
    assert {path: lines.get(path) for path in expected} == expected


def test_a_key_that_is_not_there_has_the_line_of_its_table() -> None:
    lines = locate_keys(DOCUMENT)
    assert line_of(lines, ("data", "path")) == 5
    assert line_of(lines, ("models", 1, "capture", "nope")) == 23
    assert line_of(lines, ("timeline", "fps")) is None
    assert line_of(lines, ()) is None


@pytest.mark.parametrize("text", ["a = ", "[", "a = [1", 'a = "x', '"""', "a = {", "= 1", "[[a]"])
def test_text_that_is_not_toml_gives_fewer_lines_and_no_error(text: str) -> None:
    assert line_of(locate_keys("ok = 1\n" + text), ("ok",)) == 1


def all_paths(value: Any, path: tuple[str | int, ...] = ()) -> set[tuple[str | int, ...]]:
    paths = {path} if path else set()
    if isinstance(value, dict):
        for key, entry in value.items():
            paths |= all_paths(entry, (*path, key))
    elif isinstance(value, list):
        for index, entry in enumerate(value):
            paths |= all_paths(entry, (*path, index))
    return paths


def quote(text: str) -> str:
    return '"' + "".join(f"\\U{ord(char):08X}" for char in text) + '"'


keys = st.one_of(
    st.text("abc-_9", min_size=1, max_size=3),
    st.text("#[]{}='\".é", min_size=1, max_size=3).map(quote),
)
scalars = st.one_of(
    st.integers().map(str),
    st.booleans().map(lambda value: str(value).lower()),
    st.text("ab#[]{}=,\n\"'\\", max_size=8).map(quote),
    st.text("ab#[]{}=,\n", max_size=8).map(lambda text: f"'''{text}'''"),
    st.sampled_from(
        ["1979-05-27", "1979-05-27 07:32:00Z", "07:32:00", "inf", "-nan", "1e5", "0x_f"]
    ),
).filter(lambda text: text != "0x_f")
blank = st.sampled_from(["", " ", "\n", " # ] } comment\n", "\n\n\t"])


@st.composite
def arrays(draw: st.DrawFn, values: st.SearchStrategy[str]) -> str:
    entries = draw(st.lists(values, max_size=3))
    return "[" + ",".join(draw(blank) + entry + draw(blank) for entry in entries) + "]"


@st.composite
def inline_tables(draw: st.DrawFn, values: st.SearchStrategy[str]) -> str:
    entries = draw(st.lists(st.tuples(keys, values), max_size=3, unique_by=lambda entry: entry[0]))
    return "{ " + ", ".join(f"{key} = {value}" for key, value in entries) + " }"


values = st.recursive(scalars, lambda inner: arrays(inner) | inline_tables(inner), max_leaves=6)


@st.composite
def documents(draw: st.DrawFn) -> str:
    lines: list[str] = []
    for _ in range(draw(st.integers(0, 6))):
        kind = draw(st.integers(0, 4))
        name = ".".join(draw(st.lists(keys, min_size=1, max_size=2)))
        if kind == 0:
            lines.append(f"[{name}]")
        elif kind == 1:
            lines.append(f"[[ {name} ]] # {{")
        else:
            lines.append(f"{name} = {draw(values)}{draw(st.sampled_from(['', ' # x']))}")
    return "\n".join(lines)


@given(documents())
def test_whatever_tomllib_reads_is_located(text: str) -> None:
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        document = {}
    lines = locate_keys(text)
    assert all_paths(document) <= set(lines)
    assert all(1 <= line <= text.count("\n") + 1 for line in lines.values())


@given(st.text(max_size=60))
def test_any_text_is_survived(text: str) -> None:
    assert all(line >= 1 for line in locate_keys(text).values())
