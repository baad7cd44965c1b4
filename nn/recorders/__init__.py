"""Recorders of trainings that aren't ours: one for each framework, and one for anything.

>>> from epochreel.nn.recorders import Recorder
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from epochreel.nn.errors import MissingPackageError

if TYPE_CHECKING:
    from epochreel.nn.recorders.base import Recorder
    from epochreel.nn.recorders.keras import KerasRecorder
    from epochreel.nn.recorders.lightning import LightningRecorder
    from epochreel.nn.recorders.sklearn import fit_recorded, record_fitted
    from epochreel.nn.recorders.torch import TorchRecorder

__all__ = [
    "EXTRAS",
    "RECORDERS",
    "KerasRecorder",
    "LightningRecorder",
    "Recorder",
    "TorchRecorder",
    "fit_recorded",
    "record_fitted",
]

RECORDERS: Mapping[str, str] = {
    "Recorder": "epochreel.nn.recorders.base:Recorder",
    "KerasRecorder": "epochreel.nn.recorders.keras:KerasRecorder",
    "TorchRecorder": "epochreel.nn.recorders.torch:TorchRecorder",
    "LightningRecorder": "epochreel.nn.recorders.lightning:LightningRecorder",
    "fit_recorded": "epochreel.nn.recorders.sklearn:fit_recorded",
    "record_fitted": "epochreel.nn.recorders.sklearn:record_fitted",
}
"""Name → where it lives; imported on use, because each needs its framework."""

EXTRAS: Mapping[str, str] = {
    "KerasRecorder": "keras",
    "TorchRecorder": "torch",
    "LightningRecorder": "lightning",
}
"""Name → the extra of this package that installs what it needs."""


def __getattr__(name: str) -> Any:
    if name not in RECORDERS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, _, attribute = RECORDERS[name].partition(":")
    try:
        return getattr(import_module(module), attribute)
    except ModuleNotFoundError as err:
        if name not in EXTRAS or (err.name or "").startswith("epochreel"):
            raise
        raise MissingPackageError(
            f"{name}: needs {err.name}, which isn't installed; "
            f"pip install 'epochreel[{EXTRAS[name]}]'"
        ) from err
