"""A Lightning training, under both of its names: the same as without, and filmed as it predicts."""

from __future__ import annotations

from importlib import import_module

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from epochreel.nn import ParameterRecording, load_recording, make_dataset
from epochreel.nn.errors import InvalidInputError
from epochreel.nn.recorders import LightningRecorder

DATA = make_dataset("moons", samples=100, noise=0.2, seed=1)  # 90 of them to train on
pytestmark = [
    # their own, about themselves and about this machine
    pytest.mark.filterwarnings("ignore:.*treespec.*"),
    pytest.mark.filterwarnings("ignore:.*does not have many workers.*"),
    pytest.mark.filterwarnings("ignore:.*fewer than the logging interval.*"),
    pytest.mark.filterwarnings("ignore:.*GPU.*"),
]


def tensors(x: np.ndarray, y: np.ndarray) -> TensorDataset:
    return TensorDataset(torch.tensor(x, dtype=torch.float32), torch.tensor(y))


def build(lightning) -> nn.Module:
    class Module(lightning.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.net = nn.Sequential(
                nn.Linear(2, 8), nn.BatchNorm1d(8), nn.Tanh(), nn.Dropout(0.2), nn.Linear(8, 2)
            )

        def forward(self, x):
            return self.net(x)

        def training_step(self, batch, index):
            x, y = batch
            loss = nn.functional.cross_entropy(self(x), y)
            self.log("train_loss", loss)
            return loss

        def validation_step(self, batch, index):
            x, y = batch
            self.log("val_acc", (self(x).argmax(dim=1) == y).float().mean())

        def configure_optimizers(self):
            return torch.optim.Adam(self.parameters(), 0.01)

    torch.manual_seed(4)
    return Module()


@pytest.fixture(params=["lightning.pytorch", "pytorch_lightning"])
def lightning(request):
    return import_module(request.param)


def fit(lightning, model, *callbacks, epochs: int = 3, loaders=None, **options):
    train = DataLoader(tensors(DATA.x_train, DATA.y_train), batch_size=32, shuffle=True)
    test = DataLoader(tensors(DATA.x_test, DATA.y_test), batch_size=32)
    torch.manual_seed(9)
    trainer = lightning.Trainer(
        max_epochs=epochs, accelerator="cpu", logger=False, enable_checkpointing=False,
        enable_progress_bar=False, enable_model_summary=False, callbacks=list(callbacks), **options,
    )  # fmt: skip
    trainer.fit(model, *(loaders or (train, test)))


def test_by_epoch(lightning, tmp_path) -> None:
    recorder, model = LightningRecorder(tmp_path / "run.reel"), build(lightning)
    fit(lightning, model, recorder)
    recording = recorder.recording()
    assert isinstance(recording, ParameterRecording)
    assert (recording.name, recording.unit, recording.stopped) == ("Module", "epoch", None)
    assert recording.updates.tolist() == [0, 3, 6, 9]
    assert recording.epochs.tolist() == [0, 1, 2, 3]
    np.testing.assert_array_equal(recording.dataset.y_train, DATA.y_train)
    np.testing.assert_array_equal(recording.dataset.y_test, DATA.y_test)
    model.eval()
    x = torch.tensor(DATA.x_test, dtype=torch.float32)
    with torch.no_grad():
        shares = model(x).softmax(dim=1).double().numpy()
    logits = recording.logits(3, DATA.x_test).astype(np.float64)
    found = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(found, shares, rtol=0, atol=1e-6)
    alone = build(lightning)
    fit(lightning, alone)
    for (name, ours), theirs in zip(
        model.state_dict().items(), alone.state_dict().values(), strict=True
    ):
        assert torch.equal(ours, theirs), name


def test_by_batch_with_accumulated_gradients(lightning, tmp_path) -> None:
    recorder = LightningRecorder(tmp_path / "run.reel", "2 batches", module="net", name="Mine")
    fit(lightning, build(lightning), recorder, epochs=4, accumulate_grad_batches=2)
    recording = recorder.recording()
    # three batches an epoch make two steps of the optimiser
    assert (recording.name, recording.updates.tolist()) == ("Mine", [0, 2, 4, 6, 8])
    assert recording.unit == "update"


def test_reported_numbers_without_samples(lightning, tmp_path) -> None:
    def unknown(x, y):
        return DataLoader(list(tensors(x, y)), batch_size=32)  # no TensorDataset to look into

    loaders = (unknown(DATA.x_train, DATA.y_train), unknown(DATA.x_test, DATA.y_test))
    recorder = LightningRecorder(tmp_path / "run.reel")
    fit(lightning, build(lightning), recorder, loaders=loaders)
    recording = recorder.recording()
    assert not len(recording.dataset.y_train)
    assert np.isfinite(recording.metrics["train_loss"][1:]).all()
    shares = recording.metrics["test_accuracy"][1:]
    assert ((shares >= 0) & (shares <= 1)).all()


def test_an_interrupted_fit_leaves_a_film(lightning, tmp_path) -> None:
    class Stop(lightning.Callback):
        def on_train_batch_end(self, trainer, module, outputs, batch, index):
            if trainer.global_step == 5:
                raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        fit(lightning, build(lightning), LightningRecorder(tmp_path / "it.reel"), Stop())
    recording = load_recording(tmp_path / "it.reel")
    assert (recording.updates.tolist(), recording.stopped) == ([0, 3], "RuntimeError")


def test_one_recorder_one_fit(lightning, tmp_path) -> None:
    recorder = LightningRecorder(tmp_path / "run.reel")
    fit(lightning, build(lightning), recorder, epochs=1)
    with pytest.raises(InvalidInputError, match="has the training of an earlier fit"):
        fit(lightning, build(lightning), recorder, epochs=1)


@pytest.mark.parametrize("every", [0, "2 trees", "epochs 2", 1.5])
def test_every_is_checked(every) -> None:
    with pytest.raises(InvalidInputError, match="every: must be 'epoch', 'batch', a number"):
        LightningRecorder("run.reel", every)
