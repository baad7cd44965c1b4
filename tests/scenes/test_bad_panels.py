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
            '[layout]\nareas = ["A"]\ninsets = [{ panel = "C" }]\n',
            "3: layout.insets[0].panel: must be 'B', the letter after those before it, got 'C'",
        ),
        (
            '[layout]\nareas = ["A"]\ninsets = [{ panel = "B", on = "B" }]\n',
            "3: layout.insets[0].on: must be one of 'A', which the areas have, got 'B'",
        ),
        (
            '[layout]\nareas = ["A"]\ninsets = [{ panel = "B", corner = "uper right" }]\n',
            "3: layout.insets[0].corner: must be one of",
        ),
        (
            '[layout]\nareas = ["A"]\ninsets = [{ panel = "B", width = 1 }]\n',
            "3: layout.insets[0].width: must be ≤ 0.9, got 1",
        ),
        (
            '[[panels]]\nkind = "boundary"\nplane = "umap"\n',
            "3: panels[0].plane: must be 'pca' or { x",
        ),
        (
            'data = { kind = "iris" }\n[[panels]]\nplane = { x = "petal width", y = "sepal" }\n',
            "3: panels[0].plane.y: must be",
        ),
        (
            'data = { kind = "iris" }\n[[panels]]\nplane = { x = "petal width" }\n',
            "3: panels[0].plane.y: must be given",
        ),
        (
            '[[panels]]\nkind = "scoreboard"\nnumbers = ["parameter"]\n',
            "3: panels[0].numbers[0]: must be one of",
        ),
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


LANDSCAPE = '[[panels]]\nkind = "landscape"\n'
INSIDE = '[[panels]]\nkind = "representation"\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            '[[models]]\nname = "A"\nlayers = [4]\n[[models]]\nname = "B"\nlayers = [5]\n'
            + LANDSCAPE,
            "6: models[1].layers: must be as those of 'A' for a landscape of both, "
            "2-4-1 (relu, sigmoid), got 2-5-1 (relu, sigmoid)",
        ),
        (LANDSCAPE + 'directions = "pcs"\n', "3: panels[0].directions: must be one of 'pca'"),
        (LANDSCAPE + "seed = -1\n", "3: panels[0].seed: must be ≥ 0, got -1"),
        (LANDSCAPE + 'models = ["C"]\n', "3: panels[0].models"),
        (
            '[[models]]\nname = "A"\nlayers = [4, 1]\n' + INSIDE,
            "3: models[0].layers: must end with 2 units or more for a representation, got 1",
        ),
        (INSIDE + 'points = "none"\n', "3: panels[0].points: must be one of 'test', 'train'"),
        (INSIDE + "trails = 3\n", "3: panels[0].trails: must be"),
        (
            '[[panels]]\nkind = "surface"\nelevation = 5\n',
            "3: panels[0].elevation: must be ≥ 10",
        ),
        ('[[panels]]\nkind = "surface"\nturn = 999\n', "3: panels[0].turn: must be ≤ 360"),
        ('[[panels]]\nkind = "surface"\nbands = 1\n', "3: panels[0].bands: must be 'smooth' or"),
        (
            'data = { kind = "blobs", classes = 3 }\n[[panels]]\nkind = "surface"\n',
            "1: data.classes: must be 2 for surface panels, whose height is the probability of "
            "one of two classes, got 3",
        ),
    ],
)
def test_what_the_inside_can_t_show_is_refused(
    scene_file: Callable[..., Path], cli: Callable[..., Any], text: str, message: str
) -> None:
    scene_file(text)
    ran = cli("check", "my.toml")
    assert ran.code == 2
    assert f"epochreel: my.toml:{message}" in ran.err
    assert len(ran.err.splitlines()) == 1
