"""Panels and layouts that can't be: one line each, with its place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

TWO = '[[models]]\nname = "A"\n[[models]]\nname = "B"\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            '[[panels]]\nkind = "confusoin"\n',
            "2: panels[0].kind: must be one of",
        ),
        ('[[panels]]\nkind = "confusion"\nbands = 5\n', "3: panels[0].bands: unknown key"),
        ("[[panels]]\nkind = 3\n", "2: panels[0].kind: must be one of 'boundary', 'confusion'"),
        (
            TWO + '[[panels]]\nkind = "confusion"\n',
            "5: panels[0].model: must name one of the models 'A', 'B'",
        ),
        (
            TWO + '[[panels]]\nkind = "confusion"\nmodel = "C"\n',
            "7: panels[0].model: must name one of the models 'A', 'B', got 'C'",
        ),
        (
            '[[panels]]\nkind = "network"\nsample = 5000\n',
            "3: panels[0].sample: must be from 0 to 99, one of the test points, got 5000",
        ),
        (
            '[[panels]]\nkind = "network"\nsample = [1.0]\n',
            "3: panels[0].sample: must have 2 numbers, one for each feature, got 1",
        ),
        (
            '[[panels]]\nkind = "network"\nsample = "first"\n',
            "3: panels[0].sample: must be the number of a sample, ≥ 0, or a point such as",
        ),
        ('[[panels]]\nkind = "network"\nunits = 17\n', "3: panels[0].units: must be ≤ 16, got 17"),
        ('[[panels]]\nkind = "network"\nunits = 1\n', "3: panels[0].units: must be ≥ 2, got 1"),
        (
            '[[panels]]\nkind = "network"\nnumbers = ["w"]\n',
            "3: panels[0].numbers: must be true or false",
        ),
        (
            '[[panels]]\nkind = "weights"\nview = "matrx"\n',
            "3: panels[0].view: must be one of 'ridges', 'matrix', got 'matrx'",
        ),
        (
            '[[panels]]\nkind = "hidden_units"\npoints = "all"\n',
            "3: panels[0].points: must be one of 'test', 'train', 'none'",
        ),
        ('[layout]\nareas = ["A B"]\n', "2: layout.areas: must have a letter for each of 1 panel"),
        ('[layout]\nareas = ["A", "A A"]\n', "2: layout.areas: must have 1 letters"),
        ("[layout]\nareas = []\n", "2: layout.areas: must have at least 1 entry"),
        ('[layout]\nareas = ["A"]\nrows = [1]\n', "3: layout.rows: unknown key"),
        ('columns = 1\n[layout]\nareas = ["A"]\n', "1: columns: can't be given beside layout"),
        (
            '[layout]\nareas = ["A"]\nrow_weights = [1, 2]\n',
            "3: layout.row_weights: must have 1 entries, got 2",
        ),
        (
            '[layout]\nareas = ["A"]\nrow_weights = [0]\n',
            "3: layout.row_weights[0]: must be > 0, got 0",
        ),
    ],
)
def test_it_is_refused(
    scene_file: Callable[..., Path], cli: Callable[..., Any], text: str, message: str
) -> None:
    scene_file(text)
    ran = cli("check", "my.toml")
    assert ran.code == 2
    assert ran.out == ""
    assert f"epochreel: my.toml:{message}" in ran.err
    assert len(ran.err.splitlines()) == 1
