"""What an engine can't do is told before anything is trained, at its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from epochreel.scenes import engine_limits
from epochreel.scenes.engine_limits import LIMITS
from epochreel.scenes.engines import ENGINES, MODEL_NAMES, PACKAGES
from epochreel.scenes.model_spec import ModelSpec

HEAD = '[[models]]\nengine = "sklearn"\n'
ENTRY = "{{input_dim = {}, output_dim = {}, activation = '{}'}}"
REFUSED = {
    "optimizer.kind": ('optimizer = { kind = "lion" }', "must be one of 'sgd', 'momentum'"),
    "optimizer.schedule": (
        'optimizer = { schedule = { kind = "cosine" } }', "isn't supported by engine 'sklearn'",
    ),
    "optimizer.weight_decay": ("optimizer = { weight_decay = 0.1 }", "isn't supported"),
    "optimizer.clip_norm": ("optimizer = { clip_norm = 1.0 }", "isn't supported"),
    "optimizer.clip_value": ("optimizer = { clip_value = 1.0 }", "isn't supported"),
    "optimizer.learning_rate": ("optimizer = { learning_rate = 0.0 }", "must be > 0"),
    "loss": ('loss = "hinge"', "must be one of 'binary_crossentropy', 'categorical_crossentropy'"),
    "activation": ('activation = "gelu"', "must be one of 'relu', 'tanh', 'sigmoid', 'linear'"),
    "dropout": ("dropout = 0.1", "isn't supported by engine 'sklearn'"),
    "regularization.l1": ("regularization = { l1 = 0.1 }", "isn't supported"),
    "architecture[1].activation": (
        f"architecture = [{ENTRY.format(2, 4, 'relu')}, {ENTRY.format(4, 4, 'tanh')}, "
        f"{ENTRY.format(4, 1, 'sigmoid')}]",
        "must be 'relu', as of all hidden layers, with engine 'sklearn', got 'tanh'",
    ),
}  # fmt: skip


@pytest.mark.parametrize("key", REFUSED)
def test_one_line_each(key: str, cli, tmp_path: Path) -> None:
    text, words = REFUSED[key]
    (tmp_path / "bad.toml").write_text(HEAD + text, encoding="utf-8")
    ran = cli("check", "bad.toml")
    assert ran.code == 2
    (line,) = ran.err.splitlines()
    assert f"bad.toml:3: models[0].{key}: " in line
    assert words in line


def test_every_limit_of_scikit_learn_is_tried() -> None:
    keys = {".".join(limit.key) for limit in LIMITS["sklearn"]}
    assert keys - set(REFUSED) == {"optimizer.global_clip_norm"}


def test_what_it_can_do_is_let_through(cli, tmp_path: Path) -> None:
    text = HEAD + (
        'layers = [4, 4]\nactivation = "tanh"\nepochs = 3\nregularization = { l2 = 0.1 }\n'
        'optimizer = { kind = "nesterov", momentum = 0.8 }\n'
    )
    (tmp_path / "good.toml").write_text(text, encoding="utf-8")
    ran = cli("check", "good.toml")
    assert (ran.code, ran.err) == (0, "")


@pytest.mark.parametrize("engine", PACKAGES)
def test_a_missing_package_is_one_line(
    engine: str, cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_limits, "find_spec", lambda name: None)
    (tmp_path / "far.toml").write_text(f'[[models]]\nengine = "{engine}"\n', encoding="utf-8")
    ran = cli("render", "far.toml")
    assert ran.code == 2
    (line,) = ran.err.splitlines()
    assert line.startswith(f"epochreel: far.toml:2: models[0].engine: '{engine}' needs ")
    assert line.endswith(f"pip install 'epochreel[{engine}]'")


def test_tables_speak_of_engines() -> None:
    assert set(MODEL_NAMES) == set(ENGINES)
    assert set(LIMITS) < set(ENGINES)
    assert set(PACKAGES) < set(ENGINES)


def test_a_model_without_a_name_is_named_after_its_engine() -> None:
    assert ModelSpec().name == "NumPy Model"
    for engine, name in MODEL_NAMES.items():
        assert ModelSpec.model_validate({"engine": engine}).name == name
    assert ModelSpec.model_validate({"engine": "torch", "name": "Mine"}).name == "Mine"
