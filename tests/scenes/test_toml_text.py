from __future__ import annotations

import tomllib
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from epochreel.scenes.library import ready_made
from epochreel.scenes.toml_text import to_toml

# a lone surrogate isn't text, in TOML or anywhere
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
scalars = (
    st.booleans() | st.integers(-(2**62), 2**62) | st.floats(allow_nan=False, width=32) | texts
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(texts, values, max_size=5))
def test_what_is_written_is_read_again(document: dict[str, Any]) -> None:
    assert tomllib.loads(to_toml(document)) == document


@pytest.mark.parametrize("name", sorted(ready_made()))
def test_ready_made_scenes_are_written_as_people_would(name: str) -> None:
    document = tomllib.loads(ready_made()[name].read_text(encoding="utf-8"))
    text = to_toml(document)
    assert tomllib.loads(text) == document
    assert "[[models]]\n" in text
    assert "[data]\n" in text
    assert text.index("title = ") < text.index("[")


def test_signs_that_turn_the_reading_direction_are_written_out() -> None:
    assert to_toml({"title": "a\u202eb"}) == 'title = "a\\U0000202eb"\n'


def test_what_toml_here_has_not_is_refused() -> None:
    with pytest.raises(TypeError, match="date"):
        to_toml({"day": date(2026, 1, 1)})
