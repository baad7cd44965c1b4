"""What a scene may not say of its models, and what is said then."""

from __future__ import annotations

from collections.abc import Callable

import pytest

MODELS = "[[models]]\n"
ARCHITECTURE = "architecture = [{input_dim = %s, output_dim = %s, activation = %s}%s]"

# id: (text of the scene, line, key, words that the message must hold)
BAD: dict[str, tuple[str, int | None, str, list[str]]] = {
    # types
    "one table for several": ("[models]\nseed = 1", 1, "models", ["[[models]]", "[models]"]),
    "text among tables": ('models = ["x"]', 1, "models[0]", ["must be a table", "'x'"]),
    "text for an array": (MODELS + 'layers = "25"', 2, "models[0].layers", ["an array"]),
    "text in an array": (
        MODELS + 'layers = [4,\n"5"]',
        3,
        "models[0].layers[1]",
        ["whole number", "'5'"],
    ),
    # unknown keys and names
    "unknown key far in": (
        MODELS + "optimizer = { learning_rat = 0.1 }",
        2,
        "models[0].optimizer.learning_rat",
        ["unknown key", "did you mean 'learning_rate'"],
    ),
    "unknown engine": (MODELS + 'engine = "numpi"', 2, "models[0].engine", ["'numpy'"]),
    "unknown activation": (
        MODELS + 'activation = "rellu"',
        2,
        "models[0].activation",
        ["did you mean 'relu'"],
    ),
    "unknown initializer": (
        MODELS + 'initializer = "glorot_unifrom"',
        2,
        "models[0].initializer",
        ["did you mean 'glorot_uniform'"],
    ),
    "unknown optimizer": (
        MODELS + 'optimizer = { kind = "sdg" }',
        2,
        "models[0].optimizer.kind",
        ["'sgd'", "'sdg'"],
    ),
    "unknown unit": (
        MODELS + 'capture = { unit = "epochs" }',
        2,
        "models[0].capture.unit",
        ["did you mean 'epoch'"],
    ),
    # numbers out of range
    "negative seed": (MODELS + "seed = -1", 2, "models[0].seed", ["≥ 0", "got -1"]),
    "no units": (MODELS + "layers = [0]", 2, "models[0].layers[0]", ["≥ 1", "got 0"]),
    "too many units": (MODELS + "layers = [4097]", 2, "models[0].layers[0]", ["≤ 4096"]),
    "too many layers": (
        MODELS + f"layers = {[1] * 65}",
        2,
        "models[0].layers",
        ["at most 64 entries", "array of 65"],
    ),
    "no training": (MODELS + "iterations = 0", 2, "models[0].iterations", ["≥ 1"]),
    "endless training": (MODELS + "iterations = 10000001", 2, "models[0].iterations", ["10000000"]),
    "capture every 0": (MODELS + "capture = {every = 0}", 2, "models[0].capture.every", ["≥ 1"]),
    "learning backwards": (
        MODELS + "optimizer = { learning_rate = -0.1 }",
        2,
        "models[0].optimizer.learning_rate",
        ["≥ 0", "-0.1"],
    ),
    "empty batch": (MODELS + "batch_size = 0", 2, "models[0].batch_size", ["'full'", "got 0"]),
    "batch of text": (
        MODELS + 'batch_size = "ful"',
        2,
        "models[0].batch_size",
        ["'full' or a whole number", "did you mean 'full'"],
    ),
    "batch of half": (MODELS + "batch_size = 1.5", 2, "models[0].batch_size", ["got 1.5"]),
    # text
    "name too long": (MODELS + f'name = "{"x" * 61}"', 2, "models[0].name", ["60 characters"]),
    # things that don't go together
    "no models": ("models = []", 1, "models", ["at least 1 entry", "empty array"]),
    "too many models": (
        "".join(f'[[models]]\nname = "{n}"\n' for n in range(17)),
        1,
        "models",
        ["at most 16 entries", "array of 17"],
    ),
    "same name twice": (MODELS * 2, 2, "models[1].name", ["unique", "models[0]"]),
    # layers and lengths
    "iterations and epochs": (
        MODELS + "iterations = 5\nepochs = 5",
        3,
        "models[0].epochs",
        ["beside iterations = 5"],
    ),
    "layers and architecture": (
        MODELS + "layers = [4]\n" + ARCHITECTURE % (2, 1, '"sigmoid"', ""),
        2,
        "models[0].layers",
        ["beside architecture"],
    ),
    "activation and architecture": (
        MODELS + 'activation = "relu"\n' + ARCHITECTURE % (2, 1, '"sigmoid"', ""),
        2,
        "models[0].activation",
        ["beside architecture"],
    ),
    "architecture of three features": (
        MODELS + ARCHITECTURE % (3, 1, '"sigmoid"', ""),
        2,
        "models[0].architecture[0].input_dim",
        ["must be 2", "got 3"],
    ),
    "architecture that breaks": (
        MODELS
        + ARCHITECTURE
        % (2, 4, '"relu"', ',\n{input_dim = 5, output_dim = 1, activation = "sigmoid"}'),
        3,
        "models[0].architecture[1].input_dim",
        ["must be 4", "got 5"],
    ),
    "architecture of two outputs": (
        MODELS + ARCHITECTURE % (2, 2, '"sigmoid"', ""),
        2,
        "models[0].architecture[0].output_dim",
        ["must be 1", "2 units"],
    ),
    "architecture without probabilities": (
        MODELS + ARCHITECTURE % (2, 1, '"relu"', ""),
        2,
        "models[0].architecture[0].activation",
        ["'sigmoid'", "'relu'"],
    ),
    "architecture entry that lacks a key": (
        MODELS + "architecture = [{input_dim = 2, output_dim = 1}]",
        2,
        "models[0].architecture[0].activation",
        ["must be given"],
    ),
    "empty architecture": (MODELS + "architecture = []", 2, "models[0].architecture", ["at least"]),
    # how it is trained
    "setting of another optimizer": (
        MODELS + 'optimizer = { kind = "sgd", beta_1 = 0.9 }',
        2,
        "models[0].optimizer.beta_1",
        ["unknown key for kind 'sgd'", "allowed: kind, learning_rate, schedule, momentum"],
    ),
    "setting of no optimizer": (
        MODELS + 'optimizer = { kind = "adam", beta1 = 0.9 }',
        2,
        "models[0].optimizer.beta1",
        ["unknown key", "did you mean 'beta_1'"],
    ),
    "momentum of 2": (
        MODELS + 'optimizer = { kind = "momentum", momentum = 2 }',
        2,
        "models[0].optimizer.momentum",
        ["≤ 1", "got 2"],
    ),
    "beta of 1": (
        MODELS + 'optimizer = { kind = "adam", beta_2 = 1.0 }',
        2,
        "models[0].optimizer.beta_2",
        ["< 1", "got 1.0"],
    ),
    "clipping to nothing": (
        MODELS + "optimizer = { clip_norm = 0 }",
        2,
        "models[0].optimizer.clip_norm",
        ["> 0", "got 0"],
    ),
    "clipping twice": (
        MODELS + "optimizer = { clip_norm = 1, clip_value = 1 }",
        2,
        "models[0].optimizer.clip_value",
        ["beside clip_norm", "give one"],
    ),
    "schedule without a table": (
        MODELS + 'optimizer = { schedule = "cosine" }',
        2,
        "models[0].optimizer.schedule",
        ["must be a table", "'cosine'"],
    ),
    "unknown schedule": (
        MODELS + 'optimizer = { schedule = { kind = "cosin" } }',
        2,
        "models[0].optimizer.schedule.kind",
        ["'cosine'", "did you mean 'cosine'"],
    ),
    "schedule without its steps": (
        MODELS + 'optimizer = { schedule = { kind = "step" } }',
        2,
        "models[0].optimizer.schedule.decay_steps",
        ["must be given for kind 'step'"],
    ),
    "key of another schedule": (
        MODELS + 'optimizer = { schedule = { kind = "cosine", decay_rate = 0.5 } }',
        2,
        "models[0].optimizer.schedule.decay_rate",
        ["unknown key for kind 'cosine'", "allowed: kind, decay_steps, alpha, warm_up_steps"],
    ),
    "start of no warm-up": (
        MODELS + "optimizer = { schedule = { warm_up_start = 0.1 } }",
        2,
        "models[0].optimizer.schedule.warm_up_steps",
        ["must be given beside warm_up_start"],
    ),
    "boundaries that fall": (
        MODELS
        + 'optimizer = { schedule = { kind = "piecewise", boundaries = [5,\n5], values = [1] } }',
        3,
        "models[0].optimizer.schedule.boundaries[1]",
        ["greater than 5", "got 5"],
    ),
    "too few values": (
        MODELS
        + 'optimizer = { schedule = { kind = "piecewise", boundaries = [5], values = [1.0] } }',
        2,
        "models[0].optimizer.schedule.values",
        ["must have 2 entries", "array of 1"],
    ),
    "two learning rates": (
        MODELS
        + "optimizer = { learning_rate = 1, schedule = "
        + '{ kind = "piecewise", boundaries = [5], values = [1.0, 0.5] } }',
        2,
        "models[0].optimizer.learning_rate",
        ["beside the values of a piecewise schedule"],
    ),
    "negative penalty": (
        MODELS + "regularization = { l2 = -0.1 }",
        2,
        "models[0].regularization.l2",
        ["≥ 0", "-0.1"],
    ),
    "number for penalties": (
        MODELS + "regularization = 0.1",
        2,
        "models[0].regularization",
        ["must be a table"],
    ),
    "everything dropped": (
        MODELS + "dropout = 1",
        2,
        "models[0].dropout",
        ["≥ 0 and < 1", "got 1"],
    ),
    "dropout in text": (MODELS + 'dropout = "0.5"', 2, "models[0].dropout", ["a number", "'0.5'"]),
    "one of many dropped": (
        MODELS + "dropout = [0.1,\n-0.2, 0, 0]",
        3,
        "models[0].dropout[1]",
        ["≥ 0 and < 1", "-0.2"],
    ),
    "dropout of two of four layers": (
        MODELS + "dropout = [0.1, 0.2]",
        2,
        "models[0].dropout",
        ["must have 4 entries", "array of 2"],
    ),
    "unknown loss": (MODELS + 'loss = "hing"', 2, "models[0].loss", ["did you mean 'hinge'"]),
    "loss for two classes": (
        '[data]\nkind = "blobs"\nclasses = 3\n' + MODELS + 'loss = "binary_crossentropy"',
        5,
        "models[0].loss",
        ["can't be 'binary_crossentropy' for data of 3 classes"],
    ),
    "architecture for another loss": (
        MODELS + 'loss = "hinge"\n' + ARCHITECTURE % (2, 1, '"sigmoid"', ""),
        3,
        "models[0].architecture[0].activation",
        ["'linear' or 'tanh'", "'sigmoid'"],
    ),
    "outputs for other classes": (
        '[data]\nkind = "blobs"\nclasses = 3\n' + MODELS + ARCHITECTURE % (2, 4, '"softmax"', ""),
        5,
        "models[0].architecture[0].output_dim",
        ["must be 3 in the last entry", "got 4"],
    ),
    "stopping without patience": (
        MODELS + 'early_stopping = { monitor = "loss" }',
        2,
        "models[0].early_stopping.patience",
        ["must be given"],
    ),
    "unknown monitor": (
        MODELS + 'early_stopping = { patience = 5, monitor = "val_los" }',
        2,
        "models[0].early_stopping.monitor",
        ["did you mean 'val_loss'"],
    ),
    "nothing to validate on": (
        "[data]\ntest_fraction = 0\n" + MODELS + "early_stopping = { patience = 5 }",
        4,
        "models[0].early_stopping.monitor",
        ["'loss' or 'accuracy' without test samples", "got 'val_loss'"],
    ),
    # what is kept of it
    "captured in two ways": (
        MODELS + "capture = { every = 5, count = 5 }",
        2,
        "models[0].capture.count",
        ["beside every", "give one"],
    ),
    "spacing of how many": (
        MODELS + 'capture = { spacing = "adaptive" }',
        2,
        "models[0].capture.count",
        ["must be given beside spacing"],
    ),
    "unknown spacing": (
        MODELS + 'capture = { count = 5, spacing = "log" }',
        2,
        "models[0].capture.spacing",
        ["'logarithmic'", "'log'"],
    ),
    "one snapshot": (MODELS + "capture = { count = 1 }", 2, "models[0].capture.count", ["≥ 2"]),
    "updates out of order": (
        MODELS + "capture = { updates = [1, 5,\n5] }",
        3,
        "models[0].capture.updates[2]",
        ["greater than 5"],
    ),
    "updates past the end": (
        MODELS + "iterations = 100\ncapture = { updates = [1, 101] }",
        3,
        "models[0].capture.updates[1]",
        ["≤ 100", "got 101"],
    ),
    "updates in epochs": (
        MODELS + 'capture = { updates = [1], unit = "epoch" }',
        2,
        "models[0].capture.unit",
        ["can't be 'epoch' beside updates"],
    ),
    "too much to choose from": (
        MODELS
        + "layers = [1000, 1000]\niterations = 1000\n"
        + 'capture = { count = 60, spacing = "adaptive" }',
        4,
        "models[0].capture",
        ["at most 100 000 000 numbers", "120 snapshots"],
    ),
    # the whole is too large
    "too many updates": (
        MODELS + "epochs = 1_000_000\nbatch_size = 1",
        2,
        "models[0].epochs",
        ["at most 10 000 000 updates", "900 000 000"],
    ),
    "too many snapshots": (
        MODELS + "iterations = 1_000_000\ncapture = { every = 1 }",
        3,
        "models[0].capture.every",
        ["at most 100 000 snapshots", "≥ 11"],
    ),
    "too much to remember": (
        MODELS + "layers = [4096, 4096]\niterations = 1000",
        1,
        "models[0].capture",
        ["at most 100 000 000 numbers", "201 snapshots"],
    ),
    "too wide for its batch": (
        "[data]\nsamples = 1000000\n" + MODELS + "layers = [200]\niterations = 10",
        3,
        "models[0].batch_size",
        ["at most 497512", "got 900000"],
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_model(name: str, refuses: Callable[..., None]) -> None:
    refuses(*BAD[name])
