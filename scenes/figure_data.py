"""What figures are drawn from: a scene's data, networks, trainings; made when asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib.util import find_spec
from typing import Any

import numpy as np

from epochreel.nn.dataset import Dataset
from epochreel.nn.errors import InvalidInputError, unknown_name
from epochreel.nn.network import Network
from epochreel.nn.recording import Layered, Recording
from epochreel.nn.step_arrays import Curve, StepArrays, activation_curves, step_arrays
from epochreel.scenes.comparing import Comparison, compare_models
from epochreel.scenes.comparison_output import BarTable, bar_table
from epochreel.scenes.executors import one_blas_thread
from epochreel.scenes.planning import TrainingPlan
from epochreel.scenes.preparing import PreparedScene, load_scene
from epochreel.scenes.progress import Reporter
from epochreel.scenes.recorded_comparison import read_comparison
from epochreel.scenes.tasks import TrainingJob, train_model

__all__ = ["FigureData"]

_MOST_IN_A_STRIP = 4


@dataclass(eq=False)
class FigureData:
    """The real things that figures show; nothing is trained before a figure asks for it.

    Parameters
    ----------
    scene : PreparedScene
    model : str or None
        Which of its models is drawn; the first, and all where several can be, when left out.
    reporter : Reporter

    Raises
    ------
    InvalidInputError
        For a model that the scene hasn't.
    """

    scene: PreparedScene
    model: str | None
    reporter: Reporter
    _trained: dict[str, Recording] = field(default_factory=dict[str, Recording])

    def __post_init__(self) -> None:
        """Check the model."""
        names = [plan.name for plan in self.scene.plans]
        if self.model is not None and self.model not in names:
            raise unknown_name("model", self.model, names)

    @property
    def plan(self) -> TrainingPlan:
        """Of the model that is drawn."""
        plans = {plan.name: plan for plan in self.scene.plans}
        return plans[self.model] if self.model is not None else self.scene.plans[0]

    @property
    def dataset(self) -> Dataset:
        """What is learned."""
        return self.scene.dataset

    @property
    def several(self) -> bool:
        """Tell whether more than one model is drawn where that can be."""
        return self.model is None and len(self.scene.plans) > 1

    @cached_property
    def network(self) -> Network:
        """The network as it is before its training."""
        layers = [vars(layer) for layer in self.plan.layers]
        rng = np.random.default_rng(self.plan.seed)
        return Network.from_layers(layers, initializer=self.plan.initializer, rng=rng)

    @cached_property
    def arrays(self) -> StepArrays:
        """The arrays of one step of its training."""
        samples = self.plan.batch_size or len(self.dataset.y_train)
        return step_arrays(self.network, samples=samples, optimizer=self.plan.optimizer)

    @cached_property
    def curves(self) -> dict[str, Curve]:
        """Of every activation."""
        return activation_curves()

    @property
    def recording(self) -> Recording:
        """Of the model that is drawn."""
        return self._recording(self.plan)

    @property
    def recordings(self) -> Mapping[str, Recording]:
        """Of all models that are drawn."""
        plans = self.scene.plans if self.model is None else [self.plan]
        return {plan.name: self._recording(plan) for plan in plans}

    @property
    def reels(self) -> Mapping[str, Recording]:
        """Of as many models as a strip has room for."""
        return dict(list(self.recordings.items())[:_MOST_IN_A_STRIP])

    @property
    def layered(self) -> Layered:
        """Recording of the model, with its layers.

        Raises
        ------
        InvalidInputError
            Where the recording knows none.
        """
        recording = self.recording
        if not isinstance(recording, Layered):
            raise InvalidInputError(
                f"figures: 'unit' needs the layers of {recording.name!r}, which its recording "
                "doesn't have"
            )
        return recording

    def strongest_unit(self) -> int:
        """Find the unit of the first layer that answers most to the drawn sample, from 1."""
        recording: Any = self.layered
        data = self.dataset
        sample = (data.x_test if len(data.x_test) else data.x_train)[:1]
        first = recording.activations(len(recording) - 1, sample)[0][0]
        return int(np.argmax(np.abs(first))) + 1

    @cached_property
    def comparison(self) -> Comparison:
        """The scene's own models, where it has several; else NumPy and Keras.

        Without Keras that is what was measured once, which is said.
        """
        return self._compared[0]

    @cached_property
    def table(self) -> BarTable:
        """The comparison as bars."""
        comparison, circumstances = self._compared
        table = bar_table(comparison)
        return replace(table, note=f"{table.note}; {circumstances}") if circumstances else table

    @cached_property
    def _compared(self) -> tuple[Comparison, str]:
        if self.several:
            return compare_models(self.scene, reporter=self.reporter), ""
        if find_spec("keras") is not None:
            return compare_models(load_scene("numpy_vs_keras"), reporter=self.reporter), ""
        self.reporter.note(
            "comparison: is of numbers measured once, as Keras isn't installed; "
            "pip install 'epochreel[keras]' to measure them here"
        )
        comparison, circumstances = read_comparison()
        return comparison, circumstances.words

    def _recording(self, plan: TrainingPlan) -> Recording:
        known = self.scene.recordings.get(plan.name)
        if known is not None:
            return known
        if plan.name not in self._trained:
            standardize = self.scene.file.scene.data.standardize
            job = TrainingJob(f"training {plan.name}", plan, self.dataset, standardize)
            with one_blas_thread():
                self._trained[plan.name] = train_model(job, self.reporter)
        return self._trained[plan.name]
