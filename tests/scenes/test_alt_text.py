from __future__ import annotations

from typing import Any

import pytest
from film_records import film_record

from epochreel.scenes.alt_text import alt_text, caption, data_words, panel_words
from epochreel.scenes.film_record import DataRecord, ModelRecord
from epochreel.scenes.panel_specs import PANEL_SPECS, PanelSpecBase


def data(kind: str = "moons", name: str = "moons", classes: int = 2) -> DataRecord:
    return DataRecord(
        kind=kind, name=name, train_samples=900, test_samples=100, classes=classes, split_seed=1
    )


def model(name: str = "A", final: float | None = 0.962, **changes: Any) -> ModelRecord:
    numbers = {"test_accuracy": 0.5}, {"test_accuracy": final}
    values: dict[str, Any] = {"updates": 10_000, "first": numbers[0], "last": numbers[1]}
    return film_record().models[0].model_copy(update={"name": name, **values, **changes})


def test_a_film_of_one_model() -> None:
    assert alt_text("film", data(), [model()], split="test") == (
        "Animation of a neural network learning from 900 points of two interleaving half moons. "
        "Coloured regions show its class probabilities over the plane, a line where they are even. "
        "Over 10 000 updates its test accuracy goes from 50.0 % to 96.2 %."
    )


def shown(*kinds: str, **options: Any) -> list[PanelSpecBase]:
    return [PANEL_SPECS[kind](kind=kind, **options) for kind in kinds]


def test_a_regression_without_a_fit_has_no_curve_that_bends() -> None:
    wave = data("sine", "sine", 0)
    found = model(first={"test_r2": 0.0}, last={"test_r2": 0.9})
    text = alt_text("film", wave, [found], split="test", panels=shown("curves", metric="r2"))
    assert "of a noisy sine. In it: curves of the R². The test R² at the end is 0.900." in text
    assert "bends" not in text
    for panels in ((), shown("fit")):
        text = alt_text("film", wave, [found], split="test", panels=panels)
        assert "A curve bends to the points." in text


def test_panels_are_named_in_their_order_each_once() -> None:
    panels = [*shown("network", "hidden_units"), *shown("curves", "curves", metric="gradient_norm")]
    text = alt_text("film", data(), [model()], split="test", panels=panels)
    assert (
        ". In it: the network as units joined by a line for each weight, what each hidden unit "
        "makes of every point of the plane and curves of the gradient norm. Over 10 000"
    ) in text
    assert "Coloured regions" not in text


def test_models_in_one_plot_are_not_side_by_side() -> None:
    both = [model("SGD"), model("Adam")]
    text = alt_text("film", data(), both, split="test", panels=shown("landscape", "curves"))
    assert "of two neural networks, SGD and Adam, learning from" in text
    text = alt_text("film", data(), both, split="test", panels=shown("boundary", "curves"))
    assert "of two neural networks side by side, SGD and Adam, learning from" in text


@pytest.mark.parametrize("kind", sorted(PANEL_SPECS))
def test_every_kind_of_panel_has_words(kind: str) -> None:
    (words,) = panel_words(shown(kind))
    assert words
    assert "{" not in words


def test_a_film_of_several_names_each() -> None:
    text = alt_text("film", data(), [model("SGD", 0.7), model("Adam", 0.98)], split="test")
    assert "two neural networks side by side, SGD and Adam, learning from 900 points" in text
    assert text.endswith("The test accuracy at the end is 70.0 % (SGD) and 98.0 % (Adam).")


def test_of_many_only_the_best_and_the_worst_are_named() -> None:
    models = [model(f"M{index}", 0.5 + index / 100) for index in range(9)]
    text = alt_text("film", data(), models, split="test")
    assert "nine neural networks side by side learning" in text
    assert text.endswith("is between 50.0 % (M0) and 58.0 % (M8).")


@pytest.mark.parametrize(
    ("at", "words"),
    [
        ("last", "After 10 000 updates its test accuracy is 96.2 %."),
        ("first", "It shows the start of the training. After"),
        ("update:500", "It shows update 500. After"),
        ("epoch: 20", "It shows epoch 20. After"),
        ("0.25", "It shows 25.0 % of the film. After"),
        ("accuracy >= 0.9", "It shows the moment of 'accuracy >= 0.9'. After"),
        ("12s", "It shows the moment of '12s'. After"),
    ],
)
def test_a_still_says_which_moment_it_shows(at: str, words: str) -> None:
    text = alt_text("still", data(), [model()], split="test", at=at)
    assert text.startswith("Picture of a neural network ")
    assert words in text


def test_what_went_wrong_is_said() -> None:
    stopped = model(stopped="the loss is not finite")
    assert alt_text("film", data(), [stopped], split="test").endswith(" stopped early.")
    both = [model("A"), model("B", stopped="diverged")]
    assert alt_text("film", data(), both, split="test").endswith(
        " The training of B stopped early."
    )
    unknown = model(final=None)
    assert alt_text("film", data(), [unknown], split="test").endswith("No accuracy was measured.")


def test_without_a_test_split_it_is_the_training_accuracy() -> None:
    only = model(first={"train_accuracy": 0.5}, last={"train_accuracy": 0.75})
    text = alt_text("film", data(), [only], split="train")
    assert "its training accuracy goes from 50.0 % to 75.0 %" in text


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (data("spirals", "spirals", 3), "three interleaving spirals"),
        (data("blobs", "blobs", 12), "12 clouds"),
        (data("circles", "circles"), "two rings, one inside the other"),
        (data("xor", "xor"), "four quadrants, opposite ones alike"),
        (data("csv", "penguins", 2), "'penguins', two classes"),
    ],
)
def test_all_data_have_words(made: DataRecord, words: str) -> None:
    assert data_words(made) == words


@pytest.mark.parametrize(
    ("title", "description", "begins"),
    [
        ("Two moons", None, "Two moons. Data: two interleaving half moons. Over 10 000 updates"),
        (None, None, "my-scene. Data: "),
        ("Does it learn?", "Yes.\n  It does", "Does it learn? Yes. It does."),
        ("Fine.", "  ", "Fine. Data: "),
    ],
)
def test_captions(title: str | None, description: str | None, begins: str) -> None:
    text = caption("my-scene", title, description, data(), [model()], split="test")
    assert text.startswith(begins)
    assert text.endswith(".")
    assert "\n" not in text
