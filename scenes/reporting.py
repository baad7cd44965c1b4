"""The words of ``check`` and ``list``."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from epochreel.nn.activations import ACTIVATIONS
from epochreel.nn.capture import SPACINGS
from epochreel.nn.initializers import INITIALIZERS
from epochreel.nn.losses import LOSSES
from epochreel.nn.optimizers import OPTIMIZERS
from epochreel.render import COLORMAPS, FORMATS, STILLS, STYLES
from epochreel.scenes.building import output_name, output_size
from epochreel.scenes.data_spec import DATA_KINDS
from epochreel.scenes.engines import ENGINES, PACKAGES
from epochreel.scenes.filenames import shown_path
from epochreel.scenes.library import ready_made
from epochreel.scenes.messages import count
from epochreel.scenes.panel_specs import PANEL_SPECS
from epochreel.scenes.planning import TrainingPlan
from epochreel.scenes.preparing import PreparedScene
from epochreel.scenes.summarizing import columns, size_words
from epochreel.scenes.training_spec import SCHEDULE_KEYS

__all__ = ["describe_choices", "describe_scene"]


def describe_scene(scene: PreparedScene, *, preview: bool = False) -> list[str]:
    """Say what a scene would make."""
    spec = scene.file.scene
    fps = scene.timeline(preview=preview).fps
    frames, most = scene.frame_counts(preview=preview)
    more = f"; {most / fps:.1f} s if all events come" if most > frames else ""
    dataset = scene.dataset
    rows = [
        (
            "data",
            dataset.name,
            f"{count(len(dataset.y_train), 'training sample')}, {len(dataset.y_test)} for testing",
        )
    ]
    rows += [("model", plan.name, _training(plan)) for plan in scene.plans]
    rows += [("panel", panel.kind, panel.label) for panel in spec.shown]
    for output in spec.outputs:
        size = size_words(output_size(output, preview=preview))
        length = f"{count(frames, 'frame')} at {fps} fps, {frames / fps:.1f} s{more}"
        if output.still:
            length = f"at {output.still}"
        name = shown_path(output_name(output, preview=preview))
        rows.append(("output", name, f"{size}, {length}"))
    head = f"{scene.file.label}: {spec.title}" if spec.title else scene.file.label
    return [head, *(f"  {line}" for line in columns(rows))]


def describe_choices() -> list[str]:
    """List what a scene can choose from."""
    sections: list[tuple[str, Iterable[tuple[str, ...]]]] = [
        ("ready-made scenes", [(name, *_ready_made(path)) for name, path in ready_made().items()]),
        ("styles", STYLES.items()),
        ("colormaps", COLORMAPS.items()),
        ("panels", [(name, _first_line(spec)) for name, spec in PANEL_SPECS.items()]),
        ("datasets", [(name, _first_line(spec)) for name, spec in DATA_KINDS.items()]),
        ("models", [(key, ", ".join(names)) for key, names in _MODEL_CHOICES.items()]),
        ("engines", [(name, _ENGINE_WORDS.get(name, ""), _needs([name])) for name in ENGINES]),
        ("formats", [*FORMATS.items(), *STILLS.items()]),
    ]
    lines: list[str] = []
    for heading, entries in sections:
        lines += [heading, *(f"  {line}" for line in columns(list(entries))), ""]
    return lines[:-1]


_MODEL_CHOICES: dict[str, Iterable[str]] = {
    "activation": ACTIVATIONS,
    "initializer": INITIALIZERS,
    "loss": LOSSES,
    "optimizer": OPTIMIZERS,
    "schedule": SCHEDULE_KEYS,
    "capture": SPACINGS,
}
_ENGINE_WORDS = {
    "numpy": "Epochreel's own network",
    "keras": "Keras 3, its fit, layers and optimisers",
    "torch": "PyTorch, its modules and optimisers",
    "sklearn": "scikit-learn's MLPClassifier",
}


def _training(plan: TrainingPlan) -> str:
    batch = "full batch" if plan.batch_size is None else f"batches of {plan.batch_size}"
    length = count(plan.updates, "update")
    if plan.epochs is not None:
        length = f"{count(plan.epochs, 'epoch')} = {length}"
    sizes = "-".join(map(str, [plan.layers[0].input_dim, *(x.output_dim for x in plan.layers)]))
    return (
        f"{sizes}, {count(plan.parameter_count, 'parameter')}, {batch}, {length}, "
        f"{count(plan.snapshots, 'snapshot')}"
    )


def _ready_made(path: Path) -> tuple[str, str]:
    """Give a ready-made scene's title, and what must be installed for it."""
    document: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    engines = [model.get("engine", "") for model in document.get("models", [])]
    return str(document.get("title", "")), _needs(engines)


def _needs(engines: Iterable[str]) -> str:
    """Say what must be installed for some engines beside Epochreel, and how."""
    extras = [name for name in dict.fromkeys(engines) if name in PACKAGES]
    if not extras:
        return ""
    names = " and ".join(PACKAGES[name][1].partition(";")[0] for name in extras)
    return f"needs {names}; pip install 'epochreel[{','.join(extras)}]'"


def _first_line(spec: type[Any]) -> str:
    words = (spec.__doc__ or "").partition("\n")[0].rstrip(".")
    text = words.partition(";")[0]
    return text[:1].lower() + text[1:]
