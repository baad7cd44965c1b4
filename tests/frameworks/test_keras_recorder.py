"""The recorder of Keras trainings: what it keeps, and that nobody notices it."""

from __future__ import annotations

import logging

import keras
import numpy as np
import pytest

from epochreel.nn import load_recording
from epochreel.nn.datasets import make_dataset
from epochreel.nn.errors import InvalidInputError, RecordingError
from epochreel.nn.recorders import KerasRecorder
from epochreel.nn.recording import ParameterRecording

L = keras.layers
DATA = make_dataset("moons", samples=134, noise=0.2, seed=3)
X, Y = DATA.x_train.astype(np.float32), DATA.y_train.astype(np.float32)
TEST = DATA.x_test.astype(np.float32), DATA.y_test.astype(np.float32)
ONE_HOT = np.eye(2, dtype=np.float32)[DATA.y_train]
POINTS = np.random.default_rng(1).uniform(-2, 2, size=(300, 2)).astype(np.float32)
BCE, CCE = "binary_crossentropy", "categorical_crossentropy"
LOGITS = keras.losses.BinaryCrossentropy(from_logits=True)
SPARSE = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def chain(*layers):
    return keras.Sequential([keras.Input((2,)), *layers])


def functional(*, training=None):
    inputs = keras.Input((2,))
    hidden = L.Dropout(0.4)(L.Dense(8, "silu")(inputs), training=training)
    inner = chain_of_three()(hidden)
    return keras.Model(inputs, L.Dense(1, "sigmoid")(inner))


def chain_of_three():
    return keras.Sequential([keras.Input((8,)), L.Dense(6), L.BatchNormalization(), L.ELU()])


def shared():
    inputs, layer = keras.Input((2,)), L.Dense(2, "tanh")
    return keras.Model(inputs, L.Dense(1, "sigmoid")(layer(layer(inputs))))


def residual():
    inputs = keras.Input((2,))
    hidden = L.Dense(2, "tanh")(inputs)
    return keras.Model(inputs, L.Dense(1, "sigmoid")(L.Add()([inputs, hidden])))


class Own(keras.Model):
    def __init__(self):
        super().__init__()
        self.hidden, self.last = L.Dense(8, "tanh"), L.Dense(1, "sigmoid")

    def call(self, inputs):
        return self.last(self.hidden(inputs) ** 2)


class Centred(L.Layer):
    def call(self, inputs):
        return inputs - 1


HEAD = (L.Dense, 1, "sigmoid")
CHAINS = {
    "the article's": (
        lambda: chain(*(L.Dense(u, "relu") for u in (25, 50, 50, 25)), L.Dense(1, "sigmoid")),
        BCE,
    ),
    "without an input layer": (
        lambda: keras.Sequential([L.Dense(8, "relu"), L.Dense(1, "sigmoid")]),
        BCE,
    ),
    "normalised": (
        lambda: chain(
            L.Normalization(mean=[0.5, 0.2], variance=[0.7, 0.3]),
            L.Dense(8, "gelu"),
            L.Dense(1, "sigmoid"),
        ),
        BCE,
    ),
    "normalised alike": (
        lambda: chain(
            L.Normalization(axis=None, mean=0.5, variance=0.7),
            L.Dense(8, "selu"),
            L.Dense(1, "sigmoid"),
        ),
        BCE,
    ),
    "rescaled": (
        lambda: chain(
            L.Rescaling(0.5, 1.0), L.Flatten(), L.Dense(8, "softplus"), L.Dense(1, "sigmoid")
        ),
        BCE,
    ),
    "batch normalisation": (
        lambda: chain(
            L.Dense(8, use_bias=False),
            L.BatchNormalization(),
            L.ReLU(),
            L.BatchNormalization(scale=False),
            L.Dense(8),
            L.BatchNormalization(center=False),
            L.Activation("tanh"),
            L.Dense(1),
            L.Activation("sigmoid"),
        ),
        BCE,
    ),
    "noise": (
        lambda: chain(
            L.GaussianNoise(0.1),
            L.Dense(8, activation=L.LeakyReLU(0.2)),
            L.AlphaDropout(0.1),
            L.Dense(8),
            L.LeakyReLU(0.2),
            L.Dropout(0.5),
            L.Dense(1, "sigmoid"),
        ),
        BCE,
    ),
    "functional": (functional, BCE),
    "a layer twice": (shared, BCE),
    "logits": (lambda: chain(L.Dense(8, "relu"), L.Dense(1)), LOGITS),
    "softmax": (
        lambda: chain(L.Dense(8, "relu"), L.Dense(2, "softmax")),
        "sparse_categorical_crossentropy",
    ),
    "a softmax layer": (lambda: chain(L.Dense(8, "relu"), L.Dense(2), L.Softmax()), CCE),
    "logits of classes": (lambda: chain(L.Dense(8, "relu"), L.Dense(2)), SPARSE),
    "mean squared error": (lambda: chain(L.Dense(8, "relu"), L.Dense(1, "sigmoid")), "mse"),
}
GRIDS = {
    "an activation of its own": (lambda: chain(L.Dense(8, "mish"), L.Dense(1, "sigmoid")), BCE),
    "another slope": (lambda: chain(L.Dense(8), L.LeakyReLU(0.3), L.Dense(1, "sigmoid")), BCE),
    "its own layer": (lambda: chain(Centred(), L.Dense(8, "tanh"), L.Dense(1, "sigmoid")), BCE),
    "residual": (residual, BCE),
    "code of its own": (Own, BCE),
    "called with options": (lambda: functional(training=False), BCE),
    "logits": (lambda: chain(L.Dense(8, "mish"), L.Dense(1)), LOGITS),
    "a regression": (lambda: chain(L.Dense(8, "relu"), L.Dense(1)), "mse"),
}  # fmt: skip


def fit(model, path, *, loss=BCE, every="epoch", epochs=3, y=None, seed=1, record=True, **options):
    """Train, with a recorder or without; give the recorder."""
    keras.utils.set_random_seed(seed)
    model = model()
    model.compile(keras.optimizers.Adam(0.01), loss, metrics=["accuracy"])
    names = ("data", "outputs", "name", "viewport")
    own = {key: options.pop(key) for key in names if key in options}
    recorder = KerasRecorder(path, every, **own) if record else None
    callbacks = [*options.pop("callbacks", []), *([recorder] if record else [])]
    y = y if y is not None else ONE_HOT if loss == CCE else Y
    options.setdefault("validation_data", TEST if y is Y else None)
    model.fit(X, y, batch_size=32, epochs=epochs, verbose=0, callbacks=callbacks, **options)
    return model, recorder


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run.reel"


@pytest.fixture(scope="module")
def compiled():
    """Build one for all that only look at when and what: JAX compiles longer than it trains."""
    model = CHAINS["logits"][0]()
    model.compile("sgd", LOGITS)
    return model


@pytest.mark.parametrize("case", CHAINS)
def test_a_chain_is_kept_as_parameters(case, path, caplog) -> None:
    build, loss = CHAINS[case]
    model, recorder = fit(build, path, loss=loss)
    recording = recorder.recording()
    assert isinstance(recording, ParameterRecording)
    assert recording.epochs.tolist() == [0, 1, 2, 3]
    assert recording.updates.tolist() == [0, 4, 8, 12]
    theirs = model.predict(POINTS, verbose=0)
    if theirs.min() < 0:  # logits
        ours = recording.network(3).logits(POINTS)
    else:
        ours = recording.network(3).predict(POINTS)
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-6)
    assert not caplog.records


@pytest.mark.parametrize("case", GRIDS)
def test_anything_else_is_kept_as_predictions(case, path, caplog) -> None:
    build, loss = GRIDS[case]
    model, recorder = fit(build, path, loss=loss)
    recording = recorder.recording()
    assert not isinstance(recording, ParameterRecording)
    assert recording.updates.tolist() == [0, 4, 8, 12]
    logits = recording.logits(3, DATA.x_train)[:, 0]
    theirs = model.predict(X, verbose=0)[:, 0]
    if loss is LOGITS:
        theirs = 1 / (1 + np.exp(-theirs))
    # between nodes that are a 240th of the view apart
    np.testing.assert_allclose(1 / (1 + np.exp(-logits)), theirs.clip(0, 1), atol=0.02)
    (said,) = caplog.messages
    assert "recorded as predictions on a grid, since" in said


@pytest.mark.parametrize(
    ("every", "updates"),
    [
        ("epoch", [0, 4, 8, 12, 16, 20]),
        (2, [0, 8, 16, 20]),
        ("3 epochs", [0, 12, 20]),
        ("batch", list(range(21))),
        ("7 batches", [0, 7, 14, 20]),
        (100, [0, 20]),
        ("100 batches", [0, 20]),
    ],
)
def test_how_often(every, updates, path, compiled) -> None:
    recorder = KerasRecorder(path, every)
    compiled.fit(X, Y, batch_size=32, epochs=5, verbose=0, callbacks=[recorder])
    recording = recorder.recording()
    assert recording.updates.tolist() == updates
    np.testing.assert_allclose(recording.epochs, np.array(updates) / 4)
    assert recording.unit == ("update" if "batch" in str(every) else "epoch")
    assert recording.stopped is None
    assert (np.diff(recording.seconds) > 0).all()


@pytest.mark.parametrize("every", ["", "0 epochs", "epoches", "5 apples", 0, -1, True, 2.5, None])
def test_how_often_not(every, path) -> None:
    with pytest.raises(InvalidInputError, match=r"^every: must be 'epoch', 'batch', a number"):
        KerasRecorder(path, every)
    assert not path.exists()


@pytest.mark.parametrize("every", ["epoch", "3 batches"])
@pytest.mark.parametrize("case", ["functional", "mish"])
def test_the_training_is_the_same_to_the_last_bit(case, every, path) -> None:
    """Dropout, noise and the order of the samples are drawn, moving averages are kept."""

    def mish():
        first = L.Dense(8, "mish"), L.Dropout(0.3), L.BatchNormalization()
        return chain(*first, L.Dense(1, "sigmoid"))

    build = mish if case == "mish" else CHAINS[case][0]
    without, _ = fit(build, path, record=False, epochs=4)
    assert not path.exists()
    recorded, recorder = fit(build, path, every=every, epochs=4)
    assert len(recorder.recording()) == (5 if every == "epoch" else 7)
    moved = False
    for mine, theirs in zip(recorded.get_weights(), without.get_weights(), strict=True):
        assert mine.tobytes() == theirs.tobytes()
    pairs = zip(recorded.optimizer.variables, without.optimizer.variables, strict=True)
    for mine, theirs in pairs:
        a, b = keras.ops.convert_to_numpy(mine.value), keras.ops.convert_to_numpy(theirs.value)
        assert a.tobytes() == b.tobytes()
        moved = moved or bool(np.any(a))
    assert moved
    assert recorded.history.history == without.history.history


LABELS = {
    "floats": Y,
    "integers": DATA.y_train,
    "a column": Y[:, None],
    "booleans": DATA.y_train.astype(bool),
    "signs": 2 * Y - 1,
}


@pytest.mark.parametrize("labels", LABELS)
def test_the_samples_of_fit_are_found(labels, path, compiled) -> None:
    recorder = KerasRecorder(path)
    options = {"validation_data": TEST, "verbose": 0, "callbacks": [recorder]}
    compiled.fit(X, LABELS[labels], **options)
    dataset = recorder.recording().dataset
    np.testing.assert_allclose(dataset.x_train, X)
    np.testing.assert_array_equal(dataset.y_train, DATA.y_train)
    np.testing.assert_allclose(dataset.x_test, TEST[0])
    np.testing.assert_array_equal(dataset.y_test, DATA.y_test)


def test_one_hot_labels_and_a_split_of_them(path) -> None:
    build, loss = CHAINS["a softmax layer"]
    _, recorder = fit(build, path, loss=loss, y=ONE_HOT, validation_split=0.25)
    dataset = recorder.recording().dataset
    np.testing.assert_allclose(dataset.x_train, X[:90])
    np.testing.assert_array_equal(dataset.y_train, DATA.y_train[:90])
    np.testing.assert_allclose(dataset.x_test, X[90:])
    np.testing.assert_array_equal(dataset.y_test, DATA.y_train[90:])


def test_metrics_are_those_of_keras(path) -> None:
    model, recorder = fit(CHAINS["logits"][0], path, loss=LOGITS, epochs=5)
    metrics = recorder.recording().metrics
    history = model.history.history
    np.testing.assert_allclose(metrics["test_loss"][1:], history["val_loss"], atol=1e-6)
    loss, accuracy = model.evaluate(X, Y, verbose=0)
    assert metrics["train_loss"][-1] == pytest.approx(loss, abs=1e-6)
    del accuracy  # from logits, Keras rounds 0.5 as if they were probabilities
    hits = (model.predict(X, verbose=0)[:, 0] > 0) == Y
    assert metrics["train_accuracy"][-1] == pytest.approx(hits.mean())


def test_samples_that_are_given(path, compiled) -> None:
    recorder = KerasRecorder(path, data=(X[:7], Y[:7]), name="seven")
    compiled.fit(X, Y, verbose=0, callbacks=[recorder])
    recording = recorder.recording()
    np.testing.assert_allclose(recording.dataset.x_train, X[:7])
    assert recording.name == "seven"


def test_a_generator_has_no_samples_but_reports(path) -> None:
    def batches():
        while True:
            yield X[:32], Y[:32]

    keras.utils.set_random_seed(1)
    model = CHAINS["logits"][0]()
    model.compile("sgd", LOGITS)
    recorder = KerasRecorder(path, "2 batches")
    options = {"shuffle": False, "verbose": 0, "callbacks": [recorder]}
    model.fit(batches(), steps_per_epoch=4, epochs=2, **options)
    recording = load_recording(path)
    assert recording.updates.tolist() == [0, 2, 4, 6, 8]
    assert len(recording.dataset.x_train) == 0
    assert recording.metrics["train_loss"][-1] == pytest.approx(model.history.history["loss"][-1])


def test_early_stopping_shows_where_it_stopped(path) -> None:
    stop = keras.callbacks.EarlyStopping("loss", min_delta=1.0, restore_best_weights=True)
    model, recorder = fit(CHAINS["noise"][0], path, every=3, epochs=9, callbacks=[stop])
    recording = recorder.recording()
    assert recording.epochs.tolist() == [0, 2]
    assert recording.stopped == "it was stopped in epoch 2"
    theirs = model.predict(POINTS, verbose=0)  # of the best epoch, the first
    assert np.abs(recording.network(1).predict(POINTS) - theirs).max() > 1e-4


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, ZeroDivisionError])
def test_a_fit_that_is_interrupted_leaves_a_film(interruption, path) -> None:
    class Break(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 3:
                raise interruption

    with pytest.raises(interruption):
        fit(CHAINS["logits"][0], path, loss=LOGITS, epochs=9, callbacks=[Break()])
    import gc

    gc.collect()  # the recorder went with its model
    recording = load_recording(path)
    assert recording.epochs.tolist() == [0, 1, 2, 3]
    assert recording.stopped == "the training was interrupted"


def test_one_recorder_for_one_fit(path) -> None:
    model, recorder = fit(CHAINS["logits"][0], path, loss=LOGITS)
    with pytest.raises(InvalidInputError, match="make another KerasRecorder"):
        model.fit(X, Y, verbose=0, callbacks=[recorder])
    assert len(recorder.recording()) == 4


def test_a_second_fit_goes_on_counting_from_its_own_start(path, tmp_path) -> None:
    model, _ = fit(CHAINS["logits"][0], path, loss=LOGITS)
    second = KerasRecorder(tmp_path / "second.reel")
    model.fit(X, Y, batch_size=32, verbose=0, epochs=5, initial_epoch=3, callbacks=[second])
    recording = second.recording()
    assert recording.updates.tolist() == [0, 4, 8]
    assert recording.epochs.tolist() == [3, 4, 5]


def test_what_was_not_trained_has_no_recording(path) -> None:
    with pytest.raises(RecordingError, match="nothing was recorded yet"):
        KerasRecorder(path).recording()


@pytest.mark.parametrize(
    "given", [(X, Y[:5]), (X, Y + 0.5), (X,), (X[:, 0], Y), (X, np.full((len(X), 2), 0.5))]
)
def test_samples_that_can_t_be_used(given, path) -> None:
    with pytest.raises(InvalidInputError, match=r"^data: must be features, an array of a row"):
        KerasRecorder(path, data=given)


def test_a_regression_of_whole_numbers_shows_no_samples(path) -> None:
    build, loss = GRIDS["a regression"]
    viewport = (-2.0, 2.0, -1.0, 1.0)
    _, recorder = fit(build, path, loss=loss, y=np.arange(len(X)) % 7, viewport=viewport, epochs=1)
    recording = recorder.recording()
    assert len(recording.dataset.y_train) == 0
    assert set(recording.metrics) == {"train_loss", "train_accuracy"}


def test_a_model_that_takes_no_points_of_a_plane(path) -> None:
    model = keras.Sequential([keras.Input((3,)), L.Dense(4, "mish"), L.Dense(1, "sigmoid")])
    model.compile("sgd", BCE)
    with pytest.raises(InvalidInputError, match=r"^model: must take 2 features .* \(None, 3\)"):
        model.fit(np.ones((9, 3)), np.ones(9), verbose=0, callbacks=[KerasRecorder(path)])
    assert not path.exists()


def test_steps_per_execution(path) -> None:
    keras.utils.set_random_seed(1)
    model = CHAINS["logits"][0]()
    steps = 1 if keras.backend.backend() == "torch" else 3  # which does one only
    model.compile("sgd", LOGITS, steps_per_execution=steps)
    recorder = KerasRecorder(path, "batch")
    model.fit(X[:96], Y[:96], batch_size=16, epochs=1, verbose=0, callbacks=[recorder])
    assert recorder.recording().updates.tolist() == list(range(0, 7, steps))


def test_nothing_is_said_of_a_chain(path, caplog) -> None:
    caplog.set_level(logging.DEBUG, "epochreel")
    fit(CHAINS["softmax"][0], path, loss=CHAINS["softmax"][1])
    assert not [record for record in caplog.records if record.name.startswith("epochreel")]
