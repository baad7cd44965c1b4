"""The landscape: what it shows, what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from panel_samples import trained
from solo import bottleneck, film, lines, texts

from epochreel.nn import make_dataset
from epochreel.nn.errors import InvalidInputError
from epochreel.nn.recording import ParameterRecording, Recording
from epochreel.render.descent import find_plane
from epochreel.render.panels.landscape import LandscapePanel


def test_the_heads_are_where_the_projection_says() -> None:
    recordings: dict[str, Recording] = {"A": trained("A", seed=1), "B": trained("B", seed=2)}
    ready = film(recordings, LandscapePanel(("A", "B")), frames=10)
    plane = find_plane(list(recordings.values()), "pca", 0)
    drawing = ready._set.drawings[0]
    rect = drawing._rect
    for index in (0, 4, 9):
        heads = [line for line in lines(ready, index) if line.get_marker() == "o"][-2:]
        for head, (name, places, _) in zip(heads, drawing._paths, strict=True):
            path = plane.paths["AB".index(name)]
            at = ready.timeline.moments[index].snapshots["A"]
            whole = min(int(at), len(path) - 2)
            expected = path[whole] + (at - whole) * (path[whole + 1] - path[whole])
            # from pixels back into the plane: places are an affine picture of the path
            design = np.column_stack([places, np.ones(len(places))])
            affine = np.linalg.lstsq(design, path, rcond=None)[0]
            found = np.append(head.get_xydata()[0], 1) @ affine
            np.testing.assert_allclose(found, expected, atol=1e-6)
            assert 0 < head.get_xydata()[0][0] < rect.width


def test_a_path_grows_and_nothing_else_moves() -> None:
    recordings = {"A": trained("A", seed=1)}
    ready = film(recordings, LandscapePanel(("A",)), frames=8)
    lengths = [max(len(line.get_xydata()) for line in lines(ready, index)) for index in range(8)]
    assert lengths == sorted(lengths)
    assert lengths[0] == 1
    assert lengths[-1] == len(recordings["A"])
    assert texts(ready, 0) == [
        text.replace("00120", "00000") for text in texts(ready, 7)
    ]  # but for the counter


def test_it_says_how_much_of_the_paths_lies_in_the_plane() -> None:
    recordings: dict[str, Recording] = {"A": trained("A", seed=1), "B": trained("B", seed=2)}
    both = find_plane(list(recordings.values()), "pca", 0).explained
    one = find_plane([recordings["A"]], "pca", 0).explained
    said = f"{int(100 * both)} % of the paths' variance in this plane"
    assert said in texts(film(recordings, LandscapePanel(("A", "B")), size=(800, 600)))
    said = f"{int(100 * one)} % of the path's variance in this plane"
    assert said in texts(film(recordings, LandscapePanel(("A",)), size=(800, 600)))
    random = texts(film(recordings, LandscapePanel(("A",), directions="random"), size=(800, 600)))
    assert any(text.endswith("variance in this plane of random directions") for text in random)
    assert {"d₁", "d₂"} <= set(random)


def test_a_thinned_training_set_is_told() -> None:
    data = make_dataset("moons", samples=6000, seed=5)
    recordings = {"A": replace(trained("A", seed=1), dataset=data)}
    count = len(data.y_train)
    written = texts(film(recordings, LandscapePanel(("A",)), size=(1200, 900)))
    assert any(text.endswith(f"loss of 2000 of {count} training points") for text in written)


def test_where_the_loss_is_no_number_the_ground_is_hatched(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = film({"A": trained("A", seed=1)}, LandscapePanel(("A",)))
    before = whole.frame(0).pixels.copy()
    own = ParameterRecording.losses

    def partly(self: ParameterRecording, vectors: Any, *, most: int | None = None) -> Any:
        found = own(self, vectors, most=most)
        found[: len(found) // 2] = np.nan
        return found

    monkeypatch.setattr(ParameterRecording, "losses", partly)
    holed = film({"A": trained("A", seed=1)}, LandscapePanel(("A",)))
    body = whole.layout.slots[0].body
    left = (slice(body.top, body.bottom), slice(body.left, body.left + body.width // 3))
    ground = np.array(whole.style.ground)
    shares = [
        (np.abs(pixels[left][..., :3].astype(int) - ground).max(-1) <= 2).mean()
        for pixels in (before, holed.frame(0).pixels)
    ]
    assert shares[0] < 0.05
    assert 0.4 < shares[1] < 0.95, "plain ground with a hatch on it"
    monkeypatch.setattr(
        ParameterRecording, "losses",
        lambda self, vectors, *, most=None: np.full(len(vectors), np.inf),
    )  # fmt: skip
    assert film({"A": trained("A", seed=1)}, LandscapePanel(("A",))).frame(0).pixels.any()


def others(recording: ParameterRecording) -> dict[str, Recording]:
    data = make_dataset("circles", samples=120, seed=1)
    return {"A": recording, "B": replace(recording, dataset=data)}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: {"A": trained("A", seed=1), "B": bottleneck([2, 3, 1])},
            "panels: 'landscape' needs models of one architecture, 'B' isn't built as 'A'",
        ),
        (
            lambda: others(trained("A", seed=1)),
            "panels: 'landscape' needs models of the same data, 'B' learned from others than 'A'",
        ),
    ],
)
def test_models_without_a_landscape_in_common_are_refused(
    make: Callable[[], dict[str, Recording]], message: str
) -> None:
    with pytest.raises(InvalidInputError) as caught:
        film(make(), LandscapePanel(("A", "B"))).frame(0)
    assert str(caught.value) == message


def test_the_shortest_path_lies_above_the_others() -> None:
    # the same way down: the shorter one would be hidden all along
    whole = trained("Whole", seed=1)
    half = len(whole) // 2
    part = replace(
        whole,
        name="Part",
        parameters=whole.parameters[:half],
        updates=whole.updates[:half],
        epochs=whole.epochs[:half],
        seconds=whole.seconds[:half],
        metrics={name: values[:half] for name, values in whole.metrics.items()},
    )
    for order in ((whole, part), (part, whole)):
        made = film({one.name: one for one in order}, LandscapePanel(tuple(o.name for o in order)))
        assert [name for name, _, _ in made._set.drawings[0]._paths] == ["Whole", "Part"]


def test_no_models_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="needs at least one model, got none"):
        film({"A": trained("A", seed=1)}, LandscapePanel(())).frame(0)
