"""What holds for every schedule of the learning rate, and what each is in numbers."""

from __future__ import annotations

import math
import pickle

import pytest

from epochreel.nn.errors import InvalidInputError
from epochreel.nn.schedules import (
    SCHEDULES,
    Constant,
    CosineDecay,
    ExponentialDecay,
    PiecewiseConstant,
    StepDecay,
    WarmUp,
)

MADE = {
    "constant": Constant(0.1),
    "step": StepDecay(0.1, 10),
    "piecewise": PiecewiseConstant([5, 15], [0.1, 0.05, 0.01]),
    "exponential": ExponentialDecay(0.1, 10, 0.5),
    "cosine": CosineDecay(0.1, 20, alpha=0.1),
    "warm_up": WarmUp(CosineDecay(0.1, 20), 5),
}
each = pytest.mark.parametrize("name", SCHEDULES)


@each
def test_rates_are_finite_and_not_negative_for_ever(name):
    rates = [MADE[name](update) for update in [*range(50), 10**4, 10**7]]
    assert all(math.isfinite(rate) and 0 <= rate <= 0.1 for rate in rates)


@each
def test_it_remembers_nothing(name):
    schedule = MADE[name]
    assert isinstance(schedule, SCHEDULES[name])
    rates = [schedule(update) for update in range(30)]
    assert [schedule(update) for update in reversed(range(30))] == rates[::-1]
    assert pickle.loads(pickle.dumps(schedule)) == schedule


@pytest.mark.parametrize(
    ("schedule", "rates"),
    [
        (Constant(0.1), {0: 0.1, 9: 0.1}),
        (StepDecay(0.1, 10), {0: 0.1, 9: 0.1, 10: 0.01, 19: 0.01, 20: 0.001}),
        (StepDecay(0.1, 10, 0.5), {9: 0.1, 10: 0.05}),
        (ExponentialDecay(0.1, 10, 0.5), {0: 0.1, 5: 0.1 / 2**0.5, 10: 0.05, 20: 0.025}),
        (ExponentialDecay(0.1, 10, 0), {0: 0.1, 1: 0.0}),
        (ExponentialDecay(0.0, 1, 10), {0: 0.0, 1000: 0.0}),
        # a boundary itself still belongs to what is before it
        (PiecewiseConstant([5, 15], [3, 2, 1]), {0: 3, 5: 3, 6: 2, 15: 2, 16: 1, 99: 1}),
        (PiecewiseConstant([], [3]), {0: 3, 99: 3}),
        (CosineDecay(0.1, 20), {0: 0.1, 5: 0.05 * (1 + 0.5**0.5), 10: 0.05, 20: 0.0, 90: 0.0}),
        (CosineDecay(0.1, 20, 0.5), {0: 0.1, 10: 0.075, 20: 0.05, 90: 0.05}),
        (WarmUp(0.1, 4), {0: 0, 1: 0.025, 3: 0.075, 4: 0.1, 90: 0.1}),
        (WarmUp(CosineDecay(0.1, 20), 5, 0.05), {0: 0.05, 1: 0.06, 5: 0.1, 15: 0.05, 25: 0.0}),
        (WarmUp(0.1, 4, start=0.2), {0: 0.2, 2: 0.15, 4: 0.1}),
    ],
)
def test_rates(schedule, rates):
    for update, rate in rates.items():
        assert schedule(update) == pytest.approx(rate, abs=1e-15)


def test_a_rate_that_grows_without_end_is_infinite():
    assert ExponentialDecay(0.1, 1, 10)(10_000) == math.inf


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Constant(-1), "learning_rate: must be finite and ≥ 0, got -1"),
        (lambda: Constant("fast"), "learning_rate: must be finite and ≥ 0, got 'fast'"),
        (lambda: ExponentialDecay(math.nan, 1, 1), "learning_rate: .* got nan"),
        (lambda: ExponentialDecay(0.1, 0, 1), "decay_steps: must be a whole number ≥ 1, got 0"),
        (lambda: ExponentialDecay(0.1, 2.5, 1), "decay_steps: must be a whole .* got 2.5"),
        (lambda: StepDecay(0.1, 5, -0.5), "decay_rate: must be finite and ≥ 0, got -0.5"),
        (lambda: CosineDecay(0.1, 5, 1.5), "alpha: must be ≥ 0 and ≤ 1, got 1.5"),
        (lambda: PiecewiseConstant([5, 5], [1, 2, 3]), r"boundaries: .* increasing, got \[5, 5\]"),
        (lambda: PiecewiseConstant([5], [1]), "values: must have one more .* 2, got 1"),
        (lambda: PiecewiseConstant([-1], [1, 2]), "boundaries: must be a whole number ≥ 0, got -1"),
        (lambda: PiecewiseConstant([1], [1, -2]), "values: must be finite and ≥ 0, got -2"),
        (lambda: WarmUp(-0.1, 5), "schedule: must be finite and ≥ 0, got -0.1"),
        (lambda: WarmUp(0.1, 0), "steps: must be a whole number ≥ 1, got 0"),
        (lambda: WarmUp(0.1, 5, -1), "start: must be finite and ≥ 0, got -1"),
    ],
)
def test_impossible_ones_are_refused(make, message):
    with pytest.raises(InvalidInputError, match=message):
        make()
