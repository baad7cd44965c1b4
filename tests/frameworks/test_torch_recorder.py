"""PyTorch modules: trained as without a recorder, and filmed as they predict."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from epochreel.nn import GridRecording, ParameterRecording, load_recording, make_dataset
from epochreel.nn.errors import InvalidInputError
from epochreel.nn.recorders import TorchRecorder

DATA = make_dataset("moons", samples=200, noise=0.2, seed=1)
X = torch.tensor(DATA.x_train, dtype=torch.float32)
Y = torch.tensor(DATA.y_train)
POINTS = np.random.default_rng(5).uniform(-1, 1.5, (60, 2)).astype(np.float32)


class Net(nn.Module):
    """A chain in code of its own, with functions and methods."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.last = nn.Linear(2, 8), nn.Linear(8, 6), nn.Linear(6, 1)
        self.drop = nn.Dropout(0.3)

    def forward(self, x):
        x = functional.silu(self.first(x))
        x = functional.dropout(x, 0.2, training=self.training)
        x = self.drop(self.second(torch.flatten(x, 1)).tanh())
        return torch.sigmoid(self.last(x)).squeeze(-1)


class Skip(nn.Module):
    """Not a chain: what goes past a layer is added to it."""

    def __init__(self) -> None:
        super().__init__()
        self.inner, self.norm, self.last = nn.Linear(2, 2), nn.BatchNorm1d(2), nn.Linear(2, 1)
        self.drop = nn.Dropout(0.2)

    def forward(self, x):
        return self.last(self.drop(torch.relu(self.norm(self.inner(x)))) + x)


class Branching(nn.Module):
    """Can't be traced: what it does depends on the numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(2, 2)

    def forward(self, x):
        return self.layer(x) if x.mean() > -10 else x


def article() -> nn.Module:
    layers: list[nn.Module] = []
    for inputs, units in ((2, 25), (25, 50), (50, 50), (50, 25)):
        layers += [nn.Linear(inputs, units), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(25, 1))


def normalized() -> nn.Module:
    """Batch normalisation before, between and behind; dropout; no biases; sequences in one."""
    inner = nn.Sequential(nn.Linear(2, 8, bias=False), nn.BatchNorm1d(8), nn.ELU(), nn.Dropout(0.3))
    return nn.Sequential(
        nn.Flatten(), nn.BatchNorm1d(2), inner, nn.BatchNorm1d(8, affine=False), nn.Identity(),
        nn.Linear(8, 6), nn.GELU(), nn.Linear(6, 2),
    )  # fmt: skip


def smooth(*modules: nn.Module, outputs: int = 1) -> nn.Module:
    return nn.Sequential(nn.Linear(2, 6), modules[0], nn.Linear(6, outputs), *modules[1:])


CHAINS = {
    "the article's": article,
    "normalized": normalized,
    "code of its own": Net,
    "leaky": lambda: smooth(nn.LeakyReLU(0.2)),
    "selu": lambda: smooth(nn.SELU(), nn.Sigmoid()),
    "silu": lambda: smooth(nn.SiLU(), nn.Sigmoid()),
    "softplus": lambda: smooth(nn.Softplus(), nn.Softmax(dim=1), outputs=3),
    "tanh": lambda: smooth(nn.Tanh(), nn.LogSoftmax(dim=-1), outputs=3),
    "sigmoid": lambda: smooth(nn.Sigmoid(), outputs=3),
    "no hidden layer": lambda: nn.Linear(2, 1),
    "float64": lambda: article().double(),
}
GRIDS = {
    "skip": Skip,
    "branching": Branching,
    "another slope": lambda: smooth(nn.LeakyReLU()),
    "another gelu": lambda: smooth(nn.GELU(approximate="tanh")),
    "layer norm": lambda: smooth(nn.LayerNorm(6)),
    "derived": lambda: smooth(type("Mine", (nn.ReLU,), {"forward": lambda self, x: x.sin()})()),
    "weight norm": lambda: nn.Sequential(nn.utils.parametrizations.weight_norm(nn.Linear(2, 1))),
}


def train(model: nn.Module, steps: int = 12, recorder: TorchRecorder | None = None) -> None:
    """Train in batches with dropout, a shuffle and Adam, as everybody does."""
    torch.manual_seed(3)
    x = X.to(next(model.parameters()).dtype)
    optimizer = torch.optim.Adam(model.parameters(), 0.02)
    model.train()
    for step in range(steps):
        chosen = torch.randperm(len(x))[:64]
        out = model(x[chosen])
        loss = out.square().mean() + (out.reshape(64, -1)[:, 0] - Y[chosen]).abs().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if recorder is not None:
            recorder.step(loss=loss, epoch=(step + 1) / 4)


def made(make, seed: int = 1) -> nn.Module:
    torch.manual_seed(seed)
    return make()


def probabilities(recording, snapshot: int) -> np.ndarray:
    logits = recording.logits(snapshot, POINTS).astype(np.float64)
    if recording.link == "sigmoid":
        return 1 / (1 + np.exp(-logits))
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    return shares / shares.sum(axis=1, keepdims=True)


def expected(model: nn.Module, *, are_probabilities: bool = False) -> np.ndarray:
    model.eval()
    with torch.no_grad():
        given = model(torch.tensor(POINTS, dtype=next(model.parameters()).dtype)).double()
    given = given.reshape(len(POINTS), -1)
    if are_probabilities:
        return given.numpy()
    return (given.sigmoid() if given.shape[1] == 1 else given.softmax(dim=1)).numpy()


@pytest.mark.parametrize("kind", CHAINS)
def test_a_chain_is_its_parameters(kind: str, tmp_path) -> None:
    model = made(CHAINS[kind])
    sure = kind in ("code of its own", "selu", "silu", "softplus")
    first = expected(model, are_probabilities=sure)
    model.train()
    with TorchRecorder(model, tmp_path / "run.reel", data=(X, Y), every=5) as recorder:
        train(model, 12, recorder)
    recording = recorder.recording()
    assert isinstance(recording, ParameterRecording)
    assert recording.updates.tolist() == [0, 5, 10, 12]
    np.testing.assert_allclose(recording.epochs, [0, 1.25, 2.5, 3])
    last = expected(model, are_probabilities=sure)
    np.testing.assert_allclose(probabilities(recording, 0), first, rtol=0, atol=1e-6)
    np.testing.assert_allclose(probabilities(recording, 3), last, rtol=0, atol=1e-6)
    assert np.abs(last - first).max() > 1e-3
    assert set(recording.metrics) == {"train_loss", "train_accuracy"}


@pytest.mark.parametrize("kind", GRIDS)
def test_another_is_its_predictions(kind: str, tmp_path, caplog) -> None:
    model = made(GRIDS[kind])
    view = (-1.0, 1.5, -1.0, 1.5)
    options = {"data": (X, Y), "viewport": view, "resolution": (251, 251)}
    with TorchRecorder(model, tmp_path / "run.reel", **options) as recorder:
        train(model, 3, recorder)
    (line,) = caplog.messages
    assert line.startswith(f"{type(model).__name__}: recorded as predictions on a grid, since ")
    recording = recorder.recording()
    assert isinstance(recording, GridRecording)
    found, wanted = probabilities(recording, 3), expected(model)
    if wanted.shape[1] == 2:  # one column for two classes
        wanted = wanted[:, 1:]
    np.testing.assert_allclose(found, wanted, rtol=0, atol=2e-3)
    hits = (expected_labels(model) == DATA.y_train).mean()
    assert recording.metrics["train_accuracy"][-1] == pytest.approx(hits)


def expected_labels(model: nn.Module) -> np.ndarray:
    model.eval()
    with torch.no_grad():
        given = model(X).reshape(len(X), -1)
    return (given[:, 0] > 0).numpy() if given.shape[1] == 1 else given.argmax(dim=1).numpy()


@pytest.mark.parametrize("kind", [*CHAINS, *GRIDS])
def test_the_training_is_the_same(kind: str, tmp_path) -> None:
    """Weights, running statistics, modes and the generator: all to the last bit."""
    make = {**CHAINS, **GRIDS}[kind]
    alone, model = made(make), made(make)
    train(alone, 6)
    state = torch.random.get_rng_state()
    frozen = [module for module in model.modules() if isinstance(module, nn.BatchNorm1d)]
    with TorchRecorder(
        model, tmp_path / "run.reel", data=(X, Y), resolution=(30, 20), unit="epoch"
    ) as recorder:
        train(model, 6, recorder)
    assert torch.equal(torch.random.get_rng_state(), state)
    for (name, ours), theirs in zip(
        model.state_dict().items(), alone.state_dict().values(), strict=True
    ):
        assert torch.equal(ours, theirs), name
    assert all(module.training for module in model.modules())
    assert all(module.num_batches_tracked == 6 for module in frozen)


def test_modes_of_single_modules_stay(tmp_path) -> None:
    model = made(Skip)
    model.train()
    model.norm.eval()
    recorder = TorchRecorder(model, tmp_path / "run.reel", data=(X, Y), resolution=(30, 20))
    recorder.step()
    recorder.close()
    assert [module.training for module in model.modules()] == [True, True, False, True, True]


def test_a_snapshot_is_no_view_of_live_memory(tmp_path) -> None:
    model = made(article)
    with TorchRecorder(model, tmp_path / "run.reel") as recorder:
        for value in (1.0, 2.0):
            with torch.no_grad():
                for parameter in model.parameters():
                    parameter.fill_(value)
            recorder.step()
    parameters = np.asarray(recorder.recording().parameters)
    assert (parameters[1] == 1).all()
    assert (parameters[2] == 2).all()


def test_code_that_nobody_sees_is_noticed(tmp_path, caplog) -> None:
    """A hook changes the outputs, so the layers alone don't say what the module does."""
    model = made(article)
    model.register_forward_hook(lambda module, inputs, output: output + 1)
    TorchRecorder(model, tmp_path / "run.reel", data=(X, Y), resolution=(30, 20)).close()
    assert "since it gives other outputs than its layers" in caplog.text
    assert isinstance(load_recording(tmp_path / "run.reel"), GridRecording)


@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")  # its own, when it compiles
def test_compiled_and_parallel_modules_are_looked_into(tmp_path) -> None:
    model = made(article)
    for wrapped in (nn.DataParallel(model), torch.compile(model)):
        TorchRecorder(wrapped, tmp_path / "run.reel", data=(X, Y)).close()
        recording = load_recording(tmp_path / "run.reel")
        assert isinstance(recording, ParameterRecording)
        np.testing.assert_allclose(probabilities(recording, 0), expected(model), rtol=0, atol=1e-6)


def test_what_the_outputs_are_can_be_said(tmp_path) -> None:
    """Of a module that ends in code of its own, nobody can guess it."""

    class Sure(Branching):
        def forward(self, x):
            return super().forward(x).softmax(dim=1)

    model = made(Sure)
    options = {"viewport": (-1, 1.5, -1, 1.5), "resolution": (251, 251)}
    TorchRecorder(model, tmp_path / "run.reel", outputs="probabilities", **options).close()
    found = probabilities(load_recording(tmp_path / "run.reel"), 0)
    wanted = expected(model, are_probabilities=True)[:, 1:]
    np.testing.assert_allclose(found, wanted, rtol=0, atol=2e-3)


def test_a_hinge_is_filmed_by_its_scores(tmp_path) -> None:
    model = made(article)
    TorchRecorder(model, tmp_path / "run.reel", data=(X, Y), loss="hinge").close()
    recording = load_recording(tmp_path / "run.reel")
    assert recording.architecture[-1].activation == "linear"
    model.eval()
    with torch.no_grad():
        scores = model(X)[:, 0].numpy()
    hinge = np.maximum(1 - (2 * DATA.y_train - 1) * scores, 0).mean()
    assert recording.metrics["train_loss"][0] == pytest.approx(hinge, rel=1e-5)


def test_reported_numbers_without_samples(tmp_path) -> None:
    model = made(article)
    with TorchRecorder(model, tmp_path / "run.reel") as recorder:
        for loss in (0.5, 0.25):
            recorder.step(loss=torch.tensor(loss, requires_grad=True), val_accuracy=1 - loss)
    metrics = recorder.recording().metrics
    np.testing.assert_array_equal(metrics["train_loss"], [np.nan, 0.5, 0.25])
    np.testing.assert_array_equal(metrics["test_accuracy"], [np.nan, 0.5, 0.75])


def test_an_error_ends_it_and_keeps_what_is_there(tmp_path) -> None:
    model = made(article)

    def fail() -> None:
        with TorchRecorder(model, tmp_path / "run.reel", data=(X, Y), every=2) as recorder:
            train(model, 5, recorder)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    recording = load_recording(tmp_path / "run.reel")
    assert (recording.stopped, recording.updates.tolist()) == ("ZeroDivisionError", [0, 2, 4])


KILLED = """
import sys, time, torch
from torch import nn
from epochreel.nn.recorders import TorchRecorder
model = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1))
with TorchRecorder(model, sys.argv[1]) as recorder:
    print("begun", flush=True)
    while True:
        recorder.step()
        time.sleep(0.01)
"""


def test_a_killed_training_leaves_a_film(tmp_path) -> None:
    path = tmp_path / "run.reel"
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(path)], stdout=subprocess.PIPE, env=os.environ
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"begun\n"
        time.sleep(2.5)
        process.send_signal(signal.SIGKILL)
    recording = load_recording(path)
    assert len(recording) > 10
    assert recording.stopped is not None


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"model": "model"}, "model: must be a torch.nn.Module, got str"),
        ({"every": 0}, "every: must be a whole number ≥ 1, got 0"),
        ({"outputs": "logit"}, "did you mean 'logits'?"),
        ({"model": nn.LazyLinear(1)}, "model: must have been run once, as it has lazy layers"),
        ({"model": Skip()}, "viewport: must be given where there is no data"),
        (
            {"model": type("Pair", (Branching,), {"forward": lambda self, x: (x, x)})(),
             "viewport": (0, 1, 0, 1)},
            "model: must give one tensor, got tuple",
        ),
    ],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore:Lazy modules")
def test_what_cannot_be_is_one_line(arguments, words: str, tmp_path) -> None:
    with pytest.raises(InvalidInputError) as caught:
        TorchRecorder(**{"model": article(), "path": tmp_path / "run.reel", **arguments})
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_cost_of_a_snapshot(tmp_path) -> None:
    """Some tenths of a millisecond of processor time for the article's network."""
    model = made(article)
    recorder = TorchRecorder(model, tmp_path / "run.reel", data=(X, Y))
    times: list[float] = []
    for _ in range(200):
        begun = time.process_time()
        recorder.step()
        times.append(time.process_time() - begun)
    recorder.close()
    assert np.median(times) < 1e-3
