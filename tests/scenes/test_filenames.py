from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from epochreel.scenes.filenames import collision_key, refuse_file_name, shown_path

SUFFIXES = (".mp4", ".gif")


@pytest.mark.parametrize(
    "name",
    [
        "/elsewhere/x.mp4",
        "../x.mp4",
        "a/../../x.mp4",
        "a/..",
        "..",
        ".",
        "",
        "a//b.mp4",
        "a/",
        "./x.mp4",
        "..\\x.mp4",
        "C:x.mp4",
        "C:\\x.mp4",
        "\\\\host\\x.mp4",
        "x\0.mp4",
        "x\n.mp4",
        "x\x1b[2J.mp4",
        "x\u202e.mp4",
        "CON.mp4",
        "con.tar.mp4",
        "nul/x.mp4",
        "com1.gif",
        "LPT¹.gif",
        "aux .mp4",
        ".x.mp4",
        ".mp4",
        "a/.hidden/x.mp4",
        " x.mp4",
        "x.mp4 ",
        "x.mp4.",
        "a /x.mp4",
        "what?.mp4",
        "a|b.mp4",
        "*.mp4",
        "<x>.mp4",
        "x" * 200 + ".mp4",
        "é" * 100 + ".mp4",
        "x",
        "x.avi",
        "x.mp4.exe",
        "mp4",
    ],
)
def test_refused(name: str) -> None:
    reason = refuse_file_name(name, SUFFIXES)
    assert reason is not None
    assert reason.startswith("must ")
    assert ", got '" in reason
    assert reason.isprintable()


@pytest.mark.parametrize(
    "name",
    ["x.mp4", "X.MP4", "week 1/two moons.gif", "a.b.gif", "résumé.mp4", "console.mp4", "x…y.gif"],
)
def test_accepted(name: str) -> None:
    assert refuse_file_name(name, SUFFIXES) is None


@pytest.mark.parametrize("name", ["a/", "week 1/frames/"])
def test_a_folder_ends_in_a_slash(name: str) -> None:
    assert refuse_file_name(name, (*SUFFIXES, "/")) is None
    assert collision_key(name) == collision_key(name[:-1])
    assert shown_path(Path(name)) == name


@pytest.mark.parametrize("name", ["a//", "/", "../", "a/./", ".a/", "a.b/", "a", "nul/", "a /"])
def test_names_that_no_folder_may_have(name: str) -> None:
    assert str(refuse_file_name(name, (*SUFFIXES, "/"))).startswith("must ")


def test_a_near_suffix_is_offered() -> None:
    assert "did you mean '.mp4'" in str(refuse_file_name("x.mp5", SUFFIXES))


@given(st.text(alphabet=st.sampled_from("ab./\\:. ~C\0") | st.characters(), max_size=12))
def test_what_is_accepted_stays_in_the_folder(stem: str) -> None:
    name = stem + ".mp4"
    if refuse_file_name(name, SUFFIXES) is None:
        folder = Path("/out")
        path = Path(str(folder / name))
        assert path.parts[:2] == ("/", "out")
        assert ".." not in path.parts
        assert not any(part.startswith(".") for part in path.parts)
        assert not set(name) & set("\\:\0")


def test_names_that_a_file_system_may_take_for_one() -> None:
    assert collision_key("A.MP4") == collision_key("a.mp4")
    assert collision_key("e\u0301.mp4") == collision_key("\u00e9.mp4")
    assert collision_key("a.mp4") != collision_key("b.mp4")
