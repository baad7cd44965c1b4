"""What the tables of all panels share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import field_validator

from epochreel.scenes.messages import Path, did_you_mean, quoted
from epochreel.scenes.values import Entries, Name, Spec, Title, choice, problem, unique_index

if TYPE_CHECKING:
    from epochreel.nn.dataset import Dataset
    from epochreel.scenes.planning import TrainingPlan

__all__ = [
    "ManyModelsPanel",
    "NumberedPanel",
    "OneModelPanel",
    "PanelSpecBase",
    "each_number_once",
    "refuse_regression",
]

_NAMED = 6
"""So many models of a panel are named one by one."""


def _numbers() -> tuple[str, ...]:
    from epochreel.render.panels import NUMBERS

    return tuple(NUMBERS)


def each_number_once(value: tuple[str, ...] | None) -> tuple[str, ...] | None:
    """Refuse a number that is shown twice."""
    twice = unique_index(value or ())
    if value and twice:
        again, first = twice
        raise problem(f"must not repeat entry {first}, got {quoted(value[again])}", (again,))
    return value


Number = Annotated[str, choice(_numbers)]
"""A name of :data:`epochreel.render.panels.NUMBERS`."""


class PanelSpecBase(Spec):
    """Keys of every ``[[panels]]`` table.

    A panel's class in :mod:`epochreel.render.panels` takes the same keys, but ``kind``, by keyword;
    :meth:`options` says them otherwise where they differ.
    """

    kind: str
    title: Title | None = None
    subtitle: Title | None = None

    def settled(self, names: tuple[str, ...]) -> PanelSpecBase:
        """Fill in the models it shows, of all there are."""
        raise NotImplementedError

    def refuse_models(self, names: tuple[str, ...]) -> None:
        """Raise a problem, with its place in this table, for models that aren't there."""
        raise NotImplementedError

    @property
    def shows(self) -> tuple[str, ...]:
        """Names of the models it shows, once settled."""
        raise NotImplementedError

    @property
    def measured(self) -> tuple[str, ...]:
        """Entries of its ``numbers``, where it has any."""
        return ()

    @property
    def recorded(self) -> tuple[str, ...]:
        """What must be recorded of its models beside what always is; see ``TrainingPlan``."""
        return ()

    @property
    def timed(self) -> bool:
        """Whether it shows the seconds that trainings took."""
        return "seconds" in self.measured

    def refuse(
        self, index: int, shown: Sequence[tuple[int, TrainingPlan]], dataset: Dataset
    ) -> list[tuple[Path, str]]:
        """Say what it can't draw, once data and trainings are settled.

        Parameters
        ----------
        index : int
            Which panel of the scene it is.
        shown : sequence of (index, TrainingPlan)
            Its models, and which of the scene's each is.
        dataset : Dataset

        Returns
        -------
        list of (path, text)
        """
        return []

    @property
    def label(self) -> str:
        """What ``check`` calls it."""
        return self.title or ", ".join(self.shows)

    def options(self) -> dict[str, Any]:
        """Give what the panel's class takes."""
        return {key: getattr(self, key) for key in type(self).model_fields if key != "kind"}


class OneModelPanel(PanelSpecBase):
    """A panel that shows one model."""

    model: Name | None = None

    def settled(self, names: tuple[str, ...]) -> OneModelPanel:
        """Take the only model there is, unless one is named."""
        return self.model_copy(update={"model": self.model or names[0]})

    def refuse_models(self, names: tuple[str, ...]) -> None:
        """Ask for a name among several, and for one that is there."""
        if self.model is None and len(names) > 1:
            raise problem(f"must name one of the models {_listed(names)}", ("model",))
        if self.model is not None and self.model not in names:
            raise _unknown(self.model, names, ("model",))

    @property
    def shows(self) -> tuple[str, ...]:
        """The one model."""
        return () if self.model is None else (self.model,)


class NumberedPanel(OneModelPanel):
    """A panel of one model with numbers beside its title."""

    numbers: Entries[Number] | None = None

    _each_number_once = field_validator("numbers")(each_number_once)

    @property
    def measured(self) -> tuple[str, ...]:
        """Numbers that stand beside its title."""
        return self.numbers or ()


class ManyModelsPanel(PanelSpecBase):
    """A panel that shows several models; all of them when none is named."""

    models: Entries[Name] | None = None

    def settled(self, names: tuple[str, ...]) -> ManyModelsPanel:
        """Take all models, unless some are named."""
        return self.model_copy(update={"models": self.models or names})

    def refuse_models(self, names: tuple[str, ...]) -> None:
        """Ask for names that are there, each once."""
        for index, name in enumerate(self.models or ()):
            if name not in names:
                raise _unknown(name, names, ("models", index))
        twice = unique_index(self.models or ())
        if self.models and twice:
            text = f"must not repeat entry {twice[1]}, got {quoted(self.models[twice[0]])}"
            raise problem(text, ("models", twice[0]))

    @property
    def shows(self) -> tuple[str, ...]:
        """Its models, in their order."""
        return self.models or ()

    @property
    def label(self) -> str:
        """What ``check`` calls it; of many models how many they are."""
        if self.title or len(self.shows) <= _NAMED:
            return super().label
        return f"{len(self.shows)} models"


def refuse_regression(index: int, kind: str) -> list[tuple[Path, str]]:
    """Say that a panel draws classes, which a regression doesn't have."""
    return [
        (("panels", index, "kind"), f"can't be '{kind}' for a regression, which has no classes")
    ]


def _unknown(name: str, names: tuple[str, ...], where: tuple[str | int, ...]) -> Exception:
    hint = did_you_mean(name, names)
    return problem(f"must name one of the models {_listed(names)}, got {quoted(name)}{hint}", where)


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(quoted(name) for name in names)
