"""The life cycle of hooks, and what they are handed."""

from __future__ import annotations

from types import MappingProxyType

import numpy as np
import pytest

from epochreel.nn.callbacks import Callback, NamedParameters, Progress, StopTraining, overridden
from epochreel.nn.network import Network
from epochreel.nn.optimizers import SGD
from epochreel.nn.training import train

HOOKS = [
    "on_train_begin", "on_train_end", "on_epoch_begin", "on_epoch_end",
    "on_iteration_begin", "on_iteration_end",
]  # fmt: skip
X = np.random.default_rng(0).standard_normal((10, 2))
Y = np.arange(10) % 2


def network() -> Network:
    return Network([2, 4, 1], rng=np.random.default_rng(1))


def fit(callbacks, net=None, **options):
    settings = {"epochs": 2, "batch_size": 4, "rng": np.random.default_rng(2), **options}
    return train(net or network(), X, Y, callbacks=callbacks, **settings)


class Diary(Callback):
    """Writes down each hook and the iteration it was called at."""

    def __init__(self, name: str = "", lines: list | None = None) -> None:
        self.name, self.lines = name, [] if lines is None else lines

    def note(self, hook, state) -> None:
        self.lines.append(f"{self.name}{hook} {state.iteration}")


def _noting(hook):
    return lambda self, state: self.note(hook.removeprefix("on_"), state)


for _hook in HOOKS:
    setattr(Diary, _hook, _noting(_hook))


def test_the_order_is_kerass():
    diary = Diary()
    fit([diary])
    epochs = [
        [f"epoch_begin {start}"]
        + [
            f"iteration_{part} {start + batch + (part == 'end')}"
            for batch in range(3)
            for part in ("begin", "end")
        ]
        + [f"epoch_end {start + 3}"]
        for start in (0, 3)
    ]
    assert diary.lines == ["train_begin 0", *epochs[0], *epochs[1], "train_end 6"]


def test_callbacks_are_called_in_their_order():
    lines: list[str] = []
    fit([Diary("a ", lines), Diary("b ", lines)], epochs=1, batch_size=None)
    assert lines[::2] == [line.replace("b ", "a ") for line in lines[1::2]]
    assert lines[0] == "a train_begin 0"


def test_an_epoch_that_is_not_finished_has_no_end():
    diary = Diary()
    history = fit([diary], epochs=None, iterations=4)
    assert diary.lines[-4:] == [
        "epoch_begin 3",
        "iteration_begin 3",
        "iteration_end 4",
        "train_end 4",
    ]
    assert history.epochs == pytest.approx(4 / 3)
    assert len(history.loss) == 2


def test_only_what_is_overridden_is_called():
    class Quiet(Callback):
        def on_epoch_end(self, state) -> None: ...

    quiet = Quiet()
    assert [len(overridden([quiet, Callback()], hook)) for hook in HOOKS] == [0, 0, 0, 1, 0, 0]
    quiet.on_epoch_end = Callback().on_epoch_end
    assert overridden([quiet], "on_epoch_end") == []


def test_the_base_class_does_nothing():
    a, b = network(), network()
    fit([Callback()], a)
    fit([], b)
    np.testing.assert_array_equal(a.flat, b.flat)


def test_the_state_says_what_is_known_and_takes_nothing():
    seen = []

    class Look(Callback):
        def on_iteration_end(self, state) -> None:
            seen.append((state.iteration, state.epoch, state.seconds))
            assert (state.total_iterations, state.iterations_per_epoch) == (6, 3)
            assert state.network is net
            assert state.stopped is None
            np.testing.assert_array_equal(state.parameters, net.flat)
            assert np.shares_memory(state.parameters, net.flat)
            with pytest.raises(ValueError, match="read-only"):
                state.parameters[0] = 1
            for name in ("iteration", "parameters", "stopped", "anything"):
                with pytest.raises(AttributeError):
                    setattr(state, name, 1)

    net = network()
    fit([Look()], net)
    assert [iteration for iteration, _, _ in seen] == [1, 2, 3, 4, 5, 6]
    assert [epoch for _, epoch, _ in seen] == [n / 3 for n in range(1, 7)]
    assert all(0 <= a[2] <= b[2] for a, b in zip(seen, seen[1:], strict=False))


def test_a_function_gets_iteration_and_parameters_it_may_keep():
    kept, mappings = [], []

    def look(iteration, parameters):
        mappings.append(parameters)
        kept.append((iteration, parameters["W1"], dict(parameters)))

    net = network()
    fit([look], net)
    assert [iteration for iteration, _, _ in kept] == [1, 2, 3, 4, 5, 6]
    assert list(mappings[0]) == ["W1", "b1", "W2", "b2"]
    assert len(mappings[0]) == 4
    np.testing.assert_array_equal(kept[-1][1], net.parameters()["W1"])
    assert not np.array_equal(kept[0][1], kept[-1][1])
    np.testing.assert_array_equal(kept[0][1], kept[0][2]["W1"])
    kept[-1][1][:] = 7
    assert not (net.parameters()["W1"] == 7).any()


def test_named_parameters_cannot_be_written_to():
    named = NamedParameters(network())
    with pytest.raises(TypeError):
        named["W1"] = 1
    assert isinstance(MappingProxyType(dict(named)), MappingProxyType)


@pytest.mark.parametrize("hook", HOOKS[:1] + HOOKS[2:])
def test_stop_training_ends_it_normally(hook):
    diary, net = Diary(), network()

    class Stop(Callback):
        calls = 0

        def stop(self, state) -> None:
            self.calls += 1
            if self.calls == 2 or hook == "on_train_begin":
                raise StopTraining("seen enough")

    stop = Stop()
    setattr(stop, hook, stop.stop)
    history = fit([diary, stop], net)
    done = {
        "on_train_begin": 0, "on_epoch_begin": 3, "on_epoch_end": 6,
        "on_iteration_begin": 1, "on_iteration_end": 2,
    }[hook]  # fmt: skip
    assert history.stopped == "seen enough"
    assert history.updates == done
    assert diary.lines[-1] == f"train_end {done}"
    assert len(history.loss) == -(-done // 3)
    reference = network()
    if done:
        expected = fit([], reference, epochs=None, iterations=done)
        np.testing.assert_array_equal(history.loss, expected.loss)
    np.testing.assert_array_equal(net.flat, reference.flat)


def test_stop_training_at_the_very_end_is_too_late_to_stop_but_is_kept():
    ends = []

    class Late(Callback):
        def on_train_end(self, state) -> None:
            ends.append(state.iteration)
            raise StopTraining("late")

    assert fit([Late(), Late()]).stopped == "late"
    assert ends == [6, 6]


def test_other_errors_come_out():
    class Broken(Callback):
        def on_iteration_end(self, state) -> None:
            raise KeyError("broken")

    diary = Diary()
    with pytest.raises(KeyError, match="broken"):
        fit([diary, Broken()])
    assert diary.lines[-1] == "iteration_end 1"


def test_divergence_ends_without_the_end_of_its_iteration():
    diary = Diary()
    history = fit([diary], optimizer=SGD(1e45))
    assert history.stopped == "loss is not finite at update 1"
    assert diary.lines[-2:] == ["iteration_begin 0", "train_end 1"]


class TestProgress:
    def test_it_reports_begin_and_end(self):
        reports: list[tuple[int, int]] = []
        fit([Progress(lambda done, total: reports.append((done, total)))])
        assert reports[0] == (0, 6)
        assert reports[-1] == (6, 6)
        assert len(reports) <= 4

    def test_it_reports_each_update_if_there_is_time(self):
        reports: list[int] = []
        fit([Progress(lambda done, total: reports.append(done), interval_s=0)])
        assert reports == [0, 1, 2, 3, 4, 5, 6, 6]

    def test_it_reports_where_it_stopped(self):
        reports: list[int] = []

        def stop(iteration, parameters):
            if iteration == 4:
                raise StopTraining("enough")

        fit([Progress(lambda done, total: reports.append(done)), stop])
        assert reports[-1] == 4

    def test_its_report_may_end_the_training(self):
        def report(done, total):
            if done >= 2:
                raise StopTraining("cancelled")

        history = fit([Progress(report, interval_s=0)])
        assert (history.updates, history.stopped) == (2, "cancelled")
