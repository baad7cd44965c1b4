"""Features of any unit, made fit for training: mean 0 and standard deviation 1.

So is the number that a regression predicts.

Centimetres beside kilograms, or years beside fractions, train badly with the learning rates that
everybody uses. So a training may see standardised features, while its recording speaks the data's
own units: the scaling is folded into the first layer's weights and biases, which gives the same
function.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from epochreel.nn.architecture import parameter_blocks
from epochreel.nn.dataset import Dataset, FloatArray, Target, Viewport
from epochreel.nn.recording import ParameterRecording

__all__ = ["Scaling"]


@dataclass(frozen=True, eq=False)
class Scaling:
    """What is subtracted from each feature, and what it is then divided by.

    Attributes
    ----------
    mean, scale : (features,) array of float64
    target_mean, target_scale : float
        The same of what a regression predicts; 0 and 1 of classes.
    """

    mean: FloatArray
    scale: FloatArray
    target_mean: float = 0.0
    target_scale: float = 1.0

    @classmethod
    def of(cls, x: FloatArray) -> Scaling:
        """Measure samples, (samples, features); a feature that never changes keeps its scale."""
        deviation = x.std(axis=0)
        return cls(x.mean(axis=0), np.where(deviation > 0, deviation, 1.0))

    @classmethod
    def of_dataset(cls, dataset: Dataset) -> Scaling:
        """Measure the training samples, and of a regression what is to be predicted of them."""
        of_features = cls.of(dataset.x_train)
        if dataset.target is None:
            return of_features
        y = dataset.y_train
        return replace(of_features, target_mean=float(y.mean()), target_scale=float(y.std()) or 1.0)

    def apply(self, dataset: Dataset) -> Dataset:
        """Scale both splits and the viewport."""
        view = dataset.viewport
        x = (np.array([view.x_min, view.x_max]) - self.mean[0]) / self.scale[0]
        y = np.array([view.y_min, view.y_max])
        labels: dict[str, Any] = {}
        if dataset.target is None:
            y = (y - self.mean[-1]) / self.scale[-1]
        else:
            y = (y - self.target_mean) / self.target_scale
            # the function that is known isn't: nothing here looks at it, and undo brings it back
            labels = {
                "target": Target(name=dataset.target.name),
                "y_train": (dataset.y_train - self.target_mean) / self.target_scale,
                "y_test": (dataset.y_test - self.target_mean) / self.target_scale,
            }
        return replace(
            dataset,
            **labels,
            x_train=(dataset.x_train - self.mean) / self.scale,
            x_test=(dataset.x_test - self.mean) / self.scale,
            viewport=Viewport(float(x[0]), float(x[1]), float(y[0]), float(y[1])),
        )

    def undo(self, recording: ParameterRecording, dataset: Dataset) -> ParameterRecording:
        """Fold the scaling into a recording, so that it predicts from features as they came.

        With z = (x − m)/s, zW + b = x(W/s) + (b − (m/s)W). In float32 that costs about as many
        digits as the mean has before the deviation begins.

        Parameters
        ----------
        recording : ParameterRecording
            Of a network trained on :meth:`apply` of `dataset`.
        dataset : Dataset
            As it came.
        """
        folded = np.array(recording.parameters, np.float64)
        for snapshot in folded:
            first = parameter_blocks(recording.architecture, snapshot)[0]
            first[:-1] /= self.scale[:, None]
            first[-1] -= self.mean @ first[:-1]
            last = parameter_blocks(recording.architecture, snapshot)[-1]
            last *= self.target_scale  # linear, where there is a target: it gives y itself
            last[-1] += self.target_mean
        metrics = {
            # a squared error has the unit of y²
            key: values * self.target_scale**2 if key.endswith("loss") else values
            for key, values in recording.metrics.items()
        }
        return replace(
            recording,
            parameters=folded.astype(np.float32),
            dataset=dataset,
            metrics=metrics if dataset.target is not None else recording.metrics,
        )
