"""Features of any unit, made fit for training: mean 0 and standard deviation 1.

Centimetres beside kilograms, or years beside fractions, train badly with the learning rates that
everybody uses. So a training may see standardised features, while its recording speaks the data's
own units: the scaling is folded into the first layer's weights and biases, which gives the same
function.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from epochreel.nn.architecture import parameter_blocks
from epochreel.nn.dataset import Dataset, FloatArray, Viewport
from epochreel.nn.recording import ParameterRecording

__all__ = ["Scaling"]


@dataclass(frozen=True, eq=False)
class Scaling:
    """What is subtracted from each feature, and what it is then divided by.

    Attributes
    ----------
    mean, scale : (features,) array of float64
    """

    mean: FloatArray
    scale: FloatArray

    @classmethod
    def of(cls, x: FloatArray) -> Scaling:
        """Measure samples, (samples, features); a feature that never changes keeps its scale."""
        deviation = x.std(axis=0)
        return cls(x.mean(axis=0), np.where(deviation > 0, deviation, 1.0))

    def apply(self, dataset: Dataset) -> Dataset:
        """Scale both splits and the viewport."""
        view = dataset.viewport
        x = (np.array([view.x_min, view.x_max]) - self.mean[0]) / self.scale[0]
        y = (np.array([view.y_min, view.y_max]) - self.mean[-1]) / self.scale[-1]
        return replace(
            dataset,
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
        return replace(recording, parameters=folded.astype(np.float32), dataset=dataset)
