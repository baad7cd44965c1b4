"""A recording as a file: what comes back."""

from __future__ import annotations

import json
import os
import re
import sys
from dataclasses import replace
from pathlib import Path
from zlib import crc32

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recording_files import ARRAYS, SPLITS, TEXT, assert_same, parts, sealed, trained, write_bytes

from epochreel.nn import (
    SGD,
    Dataset,
    Network,
    NetworkRecorder,
    Viewport,
    load_recording,
    make_dataset,
    train,
)
from epochreel.nn.array_file import ALIGNMENT, PREAMBLE
from epochreel.nn.recording import ParameterRecording
from epochreel.nn.recording_file import fingerprint

DOCS = Path(__file__).resolve().parents[2] / "docs" / "recording-format.md"


def test_all_of_it_comes_back(recording, tmp_path):
    path = tmp_path / "moons.reel"
    recording.save(path)
    loaded = load_recording(str(path))
    assert_same(loaded, recording)
    assert os.listdir(tmp_path) == ["moons.reel"]
    for array in (loaded.parameters[0], loaded.updates, loaded.dataset.x_train):
        assert not array.flags.writeable


@pytest.mark.parametrize("batch_size", [None, 16])
def test_a_snapshot_predicts_what_training_had(batch_size, tmp_path):
    dataset = make_dataset("moons", samples=300, noise=0.2, seed=3)
    points = np.random.default_rng(7).uniform(-2, 3, (3000, 2))
    network = Network([2, 25, 50, 50, 25, 1], rng=np.random.default_rng(2))
    recorder, seen = NetworkRecorder("model", dataset, every=5), {0: network.logits(points)}

    def watch(iteration, parameters):
        if iteration % 5 == 0 or iteration == 33:
            seen[iteration] = network.logits(points)

    train(
        network, dataset.x_train, dataset.y_train, optimizer=SGD(0.5), iterations=33,
        batch_size=batch_size, rng=np.random.default_rng(4), callbacks=[recorder, watch],
    )  # fmt: skip
    recorder.recording().save(tmp_path / "it.reel")
    loaded = load_recording(tmp_path / "it.reel")
    assert loaded.updates.tolist() == sorted(seen) == [0, 5, 10, 15, 20, 25, 30, 33]
    for snapshot, update in enumerate(loaded.updates):
        np.testing.assert_array_equal(loaded.logits(snapshot, points), seen[update], strict=True)
        assert not update or not np.array_equal(seen[update], seen[0])


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_recording_comes_back(data, tmp_path_factory):
    draw, rng = data.draw, np.random.default_rng(data.draw(st.integers(0, 2**32)))
    snapshots, features = draw(st.integers(1, 4)), draw(st.integers(1, 3))
    widths = [features, *draw(st.lists(st.integers(1, 5), max_size=2)), 1]
    network = Network(widths, rng=rng)
    train_rows, test_rows = draw(st.integers(1, 5)), draw(st.integers(0, 3))
    viewport = sorted(draw(st.lists(st.floats(-1e9, 1e9), min_size=4, max_size=4, unique=True)))
    recording = ParameterRecording(
        name=draw(TEXT),
        dataset=Dataset(
            name=draw(TEXT),
            x_train=rng.standard_normal((train_rows, features)),
            y_train=rng.integers(0, 2, train_rows),
            x_test=rng.standard_normal((test_rows, features)),
            y_test=rng.integers(0, 2, test_rows),
            viewport=Viewport(viewport[0], viewport[1], viewport[2], viewport[3]),
            feature_names=tuple(draw(TEXT) for _ in range(features)),
            class_names=(draw(TEXT), draw(TEXT)),
        ),
        updates=np.cumsum(rng.integers(1, 2**40, snapshots)),
        epochs=rng.standard_normal(snapshots),
        seconds=rng.standard_normal(snapshots),
        unit=draw(st.sampled_from(["update", "epoch"])),
        metrics={name: rng.standard_normal(snapshots) for name in draw(st.lists(TEXT, unique=True))
                 if name not in ("epochs", "seconds")},
        stopped=draw(st.none() | TEXT),
        link=draw(st.sampled_from(["sigmoid", "softmax"])),
        architecture=network.architecture,
        parameters=rng.standard_normal((snapshots, network.parameter_count)),
        provenance={"seed": draw(st.integers(0, 2**64)), "note": draw(TEXT)},
    )  # fmt: skip
    path = tmp_path_factory.mktemp("any") / "it.reel"
    recording.save(path)
    loaded = load_recording(path)
    assert_same(loaded, recording)
    assert loaded.provenance.items() >= recording.provenance.items()


def test_the_page_tells_enough_to_read_it(recording, tmp_path):
    """The example of docs/recording-format.md is run as it stands."""
    path = tmp_path / "it.reel"
    recording.save(path)
    found: dict = {}
    code = re.search(r"```python\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    exec(code[1], found)
    header, arrays = found["read"](path)
    assert header["name"] == "a model"
    assert header["dataset"]["sha256"] == fingerprint(recording.dataset)
    for name in ARRAYS:
        np.testing.assert_array_equal(arrays[name], getattr(recording, name), strict=True)
    for name in SPLITS:
        mine = getattr(recording.dataset, name)
        np.testing.assert_array_equal(arrays[f"dataset/{name}"], mine, strict=True)
    assert "pickle" not in sys.modules["epochreel.nn.array_file"].__dict__


def test_arrays_are_aligned_and_apart(content):
    header, _ = parts(content)
    spans = []
    for entry in header["arrays"].values():
        for chunk in entry["chunks"]:
            size = int(np.prod([chunk["rows"], *entry["shape"][1:]])) * int(entry["dtype"][2])
            assert chunk["offset"] % ALIGNMENT == 0
            assert chunk["crc32"] == crc32(content[chunk["offset"] : chunk["offset"] + size])
            spans.append((chunk["offset"], chunk["offset"] + size))
    spans.sort()
    assert all(before[1] <= after[0] for before, after in zip(spans, spans[1:], strict=False))
    assert spans[-1][1] == len(content)


def test_equal_recordings_are_equal_files(recording, content, tmp_path):
    again = load_recording(write_bytes(tmp_path / "one.reel", content))
    again.save(tmp_path / "two.reel")
    assert (tmp_path / "two.reel").read_bytes() == content


def test_it_says_where_it_comes_from(recording, tmp_path):
    path = tmp_path / "it.reel"
    replace(recording, provenance={"seed": 2}).save(path)
    loaded = load_recording(path)
    assert loaded.provenance["seed"] == 2
    assert loaded.provenance["numpy"] == np.__version__
    assert set(loaded.provenance) == {"epochreel", "python", "numpy", "machine", "seed"}
    # what was loaded keeps the versions it was trained with
    replace(loaded, provenance={**loaded.provenance, "numpy": "2.0"}).save(path)
    assert load_recording(path).provenance["numpy"] == "2.0"
    with pytest.raises(TypeError):
        loaded.provenance["seed"] = 3


def test_the_fingerprint_tells_data_apart():
    data = trained().dataset
    prints = {fingerprint(data), fingerprint(trained(22).dataset)}
    for name in SPLITS:
        changed = getattr(data, name).copy()
        changed[0] = 1 - changed[0]
        prints.add(fingerprint(replace(data, **{name: changed})))
    assert len(prints) == 6
    assert fingerprint(replace(data, name="other")) == fingerprint(data)


def test_without_a_test_split(tmp_path):
    recording = trained(test_fraction=0)
    assert recording.dataset.x_test.shape == (0, 2)
    recording.save(tmp_path / "it.reel")
    assert_same(load_recording(tmp_path / "it.reel"), recording)


def test_something_appended_is_read_too(recording, content, tmp_path):
    """Follow the page's three steps by hand; at each of them, the file is whole."""
    header, _ = parts(content)
    path = write_bytes(tmp_path / "it.reel", content)
    whole = bytearray(content)
    more = {"updates": np.array([8, 9]), "epochs": np.array([8.0, 9.0]),
            "seconds": np.array([1.0, 2.0]), "parameters": recording.parameters[:2]}  # fmt: skip
    more |= {f"metrics/{name}": np.array([0.5, 0.25]) for name in recording.metrics}
    for name, rows in more.items():
        whole += b"\0" * (-len(whole) % ALIGNMENT)
        entry = header["arrays"][name]
        entry["shape"][0] += 2
        entry["chunks"].append(
            {"offset": len(whole), "rows": 2, "crc32": crc32(np.ascontiguousarray(rows).data)}
        )
        whole += rows.astype(entry["dtype"]).tobytes()
    text = json.dumps(header).encode()
    start = len(whole)
    whole += text
    assert_same(load_recording(write_bytes(path, bytes(whole))), recording)
    whole[: PREAMBLE.size] = sealed(text, len(whole), start)[: PREAMBLE.size]
    longer = load_recording(write_bytes(path, bytes(whole)))
    assert longer.updates.tolist() == [*recording.updates, 8, 9]
    np.testing.assert_array_equal(np.asarray(longer.parameters)[-2:], recording.parameters[:2])
    longer.save(path)
    assert_same(load_recording(path), longer)
    assert path.stat().st_size < len(whole)
