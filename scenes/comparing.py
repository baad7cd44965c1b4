"""Models of a scene in one table: how large, how fast, how good; for ``epochreel compare``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

from epochreel.nn.capture import Spaced
from epochreel.nn.errors import InvalidInputError, unknown_name, whole_number
from epochreel.nn.recording import Recording
from epochreel.render import STILLS, STYLES
from epochreel.scenes import limits
from epochreel.scenes.executors import one_blas_thread
from epochreel.scenes.messages import count
from epochreel.scenes.planning import TrainingPlan
from epochreel.scenes.preparing import PreparedScene
from epochreel.scenes.progress import Reporter
from epochreel.scenes.tasks import TrainingJob, train_model

__all__ = [
    "MEASURED",
    "Comparison",
    "ModelResult",
    "Spread",
    "check_targets",
    "compare_models",
]

MEASURED: Mapping[str, tuple[str, str]] = {
    "updates": ("updates", ".0f"),
    "seconds": ("seconds", ".3f"),
    "train_accuracy": ("train accuracy", ".3f"),
    "train_r2": ("train R²", ".3f"),
    "train_loss": ("train loss", ".4f"),
    "test_accuracy": ("test accuracy", ".3f"),
    "test_r2": ("test R²", ".3f"),
    "test_loss": ("test loss", ".4f"),
}
"""What is measured of a training: the head of its column, and how its numbers are written."""


@dataclass(frozen=True)
class Spread:
    """One quantity over several trainings."""

    median: float
    lowest: float
    highest: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Sum up values, of which there is at least one."""
        return cls(float(median(values)), min(values), max(values))

    def text(self, form: str) -> str:
        """Write the median."""
        return f"{self.median:{form}}"

    def range_text(self, form: str) -> str:
        """Write lowest and highest; nothing where they read alike."""
        low, high = f"{self.lowest:{form}}", f"{self.highest:{form}}"
        return "" if low == high else f"{low}–{high}"


@dataclass(frozen=True)
class ModelResult:
    """What the trainings of one model came to; `measured` by the keys of :data:`MEASURED`."""

    name: str
    parameters: int
    measured: Mapping[str, Spread]


@dataclass(frozen=True)
class Comparison:
    """Models of one scene, in its order.

    Attributes
    ----------
    title : str
        The scene's, or the name of its file.
    data : str
        What they learned.
    repeat : int
        Trainings of each model.
    seeds : tuple of int
        Seed of the first training of each model; the others count on from it.
    results : tuple of ModelResult
    """

    title: str
    data: str
    repeat: int
    seeds: tuple[int, ...]
    results: tuple[ModelResult, ...]

    @property
    def keys(self) -> tuple[str, ...]:
        """Which of :data:`MEASURED` there are; none of ``test`` without test samples."""
        return tuple(key for key in MEASURED if key in self.results[0].measured)

    @property
    def note(self) -> str:
        """How the numbers came about."""
        first, last = self.seeds[0], self.seeds[0] + self.repeat - 1
        if len(set(self.seeds)) > 1:
            seeds = "seeds of its own"
        else:
            seeds = f"seed {first}" if self.repeat == 1 else f"seeds {first} to {last}"
        trainings = (
            "one training of each" if self.repeat == 1 else f"medians of {self.repeat} trainings"
        )
        return f"{self.data}; {trainings}, {seeds}, one at a time"


def check_targets(paths: Sequence[Path], *, repeat: int, style: str | None) -> None:
    """Check what was asked for, before any training.

    Raises
    ------
    InvalidInputError
    """
    whole_number("repeat", repeat)
    if repeat > limits.MAX_REPEAT:
        raise InvalidInputError(f"repeat: must be ≤ {limits.MAX_REPEAT}, got {repeat}")
    for path in paths:
        suffix = path.suffix.lower()
        if suffix not in (".md", *STILLS):
            raise unknown_name("output: file name's ending", suffix, (".md", *STILLS))
        if not path.parent.is_dir() or path.is_dir():
            raise InvalidInputError(f"output: must be in a folder that is there, got {str(path)!r}")
    if style is not None and style not in STYLES:
        raise unknown_name("style", style, STYLES)


def compare_models(scene: PreparedScene, *, repeat: int = 1, reporter: Reporter) -> Comparison:
    """Train each model of a scene `repeat` times, on the same data, and sum up.

    Only one training runs at a time, in this process, and models take turns: so their seconds can
    be compared, also on a machine that gets slower meanwhile.

    Parameters
    ----------
    scene : PreparedScene
    repeat : int
        Trainings of each model; the first has the scene's seed, each other the next.
    reporter : Reporter

    Returns
    -------
    Comparison
    """
    spec = scene.file.scene
    values: dict[str, dict[str, list[float]]] = {plan.name: {} for plan in scene.plans}
    with one_blas_thread():
        for turn in range(repeat):
            for plan in scene.plans:
                seeded = _ends_only(plan, (plan.seed + turn) % (limits.MAX_SEED + 1))
                key = f"training {plan.name}, seed {seeded.seed}"
                job = TrainingJob(key, seeded, scene.dataset, spec.data.standardize)
                recording = train_model(job, reporter)
                if recording.stopped is not None:
                    reporter.note(f"{plan.name}, seed {seeded.seed}: {recording.stopped}")
                for name, value in _measured(recording).items():
                    values[plan.name].setdefault(name, []).append(value)
    return Comparison(
        title=spec.title or scene.file.name,
        data=f"{scene.dataset.name}, {count(len(scene.dataset.y_train), 'training sample')}",
        repeat=repeat,
        seeds=tuple(plan.seed for plan in scene.plans),
        results=tuple(
            ModelResult(
                plan.name,
                plan.parameter_count,
                {name: Spread.of(found) for name, found in values[plan.name].items()},
            )
            for plan in scene.plans
        ),
    )


def _ends_only(plan: TrainingPlan, seed: int) -> TrainingPlan:
    """Keep the untrained and the final model only; nobody looks at the way between."""
    return replace(plan, seed=seed, capture=Spaced(2), snapshots=2, measures=())


def _measured(recording: Recording) -> dict[str, float]:
    final = {name: float(series[-1]) for name, series in recording.metrics.items()}
    own = {"updates": float(recording.updates[-1]), "seconds": float(recording.seconds[-1])}
    return {key: value for key, value in (own | final).items() if key in MEASURED}
