"""What is said of a cluster before there is any; the rest is in tests/cluster."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from epochreel.nn import NetworkRecorder, load_recording, make_dataset, train
from epochreel.nn.network import Network
from epochreel.nn.optimizers import SGD
from epochreel.scenes.cluster_worker import Delivery, Piece, portable, unpack_files


@pytest.mark.parametrize(
    "where", ["", "head", "head:8786", "http://head:8786", "tcp://head", "tcp://head:0", "tcp://:1"]
)
def test_what_is_no_address_is_refused(
    where: str,
    cli: Callable[..., Any],
    scene_file: Callable[..., Path],
    check_refusal: Callable[..., None],
) -> None:
    scene_file()
    ran = cli("render", "my.toml", "--cluster", where)
    check_refusal(ran, "--cluster: must be 'auto' or a scheduler's address", [f"got '{where}'"])
    assert not Path("output").exists()


def test_a_missing_package_is_told_with_the_line_that_installs_it(
    cli: Callable[..., Any],
    scene_file: Callable[..., Path],
    check_refusal: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    scene_file()
    ran = cli("render", "my.toml", "--cluster", "auto")
    check_refusal(
        ran, "--cluster: needs distributed, which isn't installed;", ["'epochreel[cluster]'"]
    )


def test_rows_of_a_file_travel_as_numbers(tmp_path: Path) -> None:
    dataset = make_dataset("moons", samples=40, noise=0.2, seed=1)
    recorder = NetworkRecorder("Run", dataset, every=1)
    rng = np.random.default_rng(2)
    network = Network([2, 3, 1], initializer="glorot_uniform", rng=rng)
    train(
        network, dataset.x_train, dataset.y_train, optimizer=SGD(0.1), iterations=5, rng=rng,
        callbacks=[recorder],
    )  # fmt: skip
    recorder.recording().save(tmp_path / "run.reel")
    stored = load_recording(tmp_path / "run.reel")
    sent: Any = portable(stored)
    (tmp_path / "run.reel").unlink()
    points = dataset.x_test
    assert isinstance(sent.parameters, np.ndarray)
    np.testing.assert_array_equal(sent.logits(3, points), recorder.recording().logits(3, points))
    assert portable(sent) is sent


def test_what_a_worker_sends_stays_in_its_folder(tmp_path: Path) -> None:
    target = tmp_path / "hidden" / "frames"
    target.parent.mkdir()
    pieces = (Piece("../../00000.png", b"one"), Piece("00001.png", link="../00000.png"))
    unpack_files(Delivery(None, pieces=pieces, folder=True), target)
    assert sorted(path.name for path in tmp_path.rglob("*.png")) == ["00000.png", "00001.png"]
    assert (target / "00001.png").read_bytes() == b"one"
    assert (target / "00001.png").stat().st_ino == (target / "00000.png").stat().st_ino
    film = replace(Delivery(None), pieces=(Piece("film.mp4", b"film"),))
    unpack_files(film, tmp_path / "film.mp4")
    assert (tmp_path / "film.mp4").read_bytes() == b"film"
