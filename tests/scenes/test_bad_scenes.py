"""What a scene may not say, and what is said then: one line with file, line, key, and what came."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

MODELS = "[[models]]\n"
ARCHITECTURE = "architecture = [{input_dim = %s, output_dim = %s, activation = %s}%s]"

# id: (text of the scene, line, key, words that the message must hold)
BAD: dict[str, tuple[str, int | None, str, list[str]]] = {
    # types
    "text for a number": ('[data]\nnoise = "0.2"', 2, "data.noise", ["a number", "'0.2'"]),
    "number for text": ("title = 5", 1, "title", ["text in quotes", "got 5"]),
    "float for a count": ("[data]\nsamples = 1000.0", 2, "data.samples", ["whole", "1000.0"]),
    "true for a count": ("[data]\nseed = true", 2, "data.seed", ["whole number", "got true"]),
    "text for true": (
        '[data]\nkind = "csv"\npath = "ok.csv"\nheader = "yes"',
        4,
        "data.header",
        ["true or false", "'yes'"],
    ),
    "date for a number": ("[data]\nnoise = 2020-01-01", 2, "data.noise", ["a number", "a date"]),
    "number for a table": ("data = 5", 1, "data", ["must be a table", "got 5"]),
    "array for a table": ("timeline = [1]", 1, "timeline", ["must be a table", "array of 1"]),
    "text for a table": ('data = "moons"', 1, "data", ["must be a table", "'moons'"]),
    "one table for several": ("[models]\nseed = 1", 1, "models", ["[[models]]", "[models]"]),
    "text for several tables": ('outputs = "x.mp4"', 1, "outputs", ["[[outputs]]", "'x.mp4'"]),
    "text among tables": ('models = ["x"]', 1, "models[0]", ["must be a table", "'x'"]),
    "text for an array": (MODELS + 'layers = "25"', 2, "models[0].layers", ["an array"]),
    "text in an array": (
        MODELS + 'layers = [4,\n"5"]',
        3,
        "models[0].layers[1]",
        ["whole number", "'5'"],
    ),
    "not a number": ("[data]\nnoise = nan", 2, "data.noise", ["finite", "nan"]),
    "infinite": ("[timeline]\nhold_last = inf", 2, "timeline.hold_last", ["finite", "inf"]),
    "number of 400 digits": (
        f"[data]\nsamples = {10**400}",
        2,
        "data.samples",
        ["≤ 1000000", "more than 30 digits"],
    ),
    # unknown keys and names
    "unknown key": (
        "[data]\nnosie = 0.2",
        2,
        "data.nosie",
        ["unknown key", "did you mean 'noise'", "allowed: ", "test_fraction"],
    ),
    "unknown table": ("[dat]\nnoise = 1", 1, "dat", ["unknown key", "did you mean 'data'"]),
    "unknown key far in": (
        MODELS + "optimizer = { learning_rat = 0.1 }",
        2,
        "models[0].optimizer.learning_rat",
        ["unknown key", "did you mean 'learning_rate'"],
    ),
    "key of another kind": (
        '[data]\nkind = "csv"\npath = "ok.csv"\nsamples = 5',
        4,
        "data.samples",
        ["unknown key", "allowed: ", "label"],
    ),
    "key with a control in it": ('"a\\u001b[2J" = 1', 1, "'a\\x1b[2J'", ["unknown key"]),
    "unknown kind of data": (
        '[data]\nkind = "moon"',
        2,
        "data.kind",
        ["'moons', 'circles'", "did you mean 'moons'"],
    ),
    "kind that is no text": ("[data]\nkind = 3", 2, "data.kind", ["'moons'", "got 3"]),
    "unknown style": ('style = "drak"', 1, "style", ["'dark', 'light'", "did you mean 'dark'"]),
    "unknown colormap": ('colormap = "spectral"', 1, "colormap", ["did you mean 'Spectral'"]),
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
    "unknown panel": ('[[panels]]\nkind = "boundry"', 2, "panels[0].kind", ["'boundary'"]),
    "unknown points": ('[[panels]]\npoints = "all"', 2, "panels[0].points", ["'test', 'train'"]),
    "unknown unit": (
        MODELS + 'capture = { unit = "epochs" }',
        2,
        "models[0].capture.unit",
        ["did you mean 'epoch'"],
    ),
    # numbers out of range
    "negative noise": ("[data]\nnoise = -1", 2, "data.noise", ["≥ 0", "got -1"]),
    "no samples": ("[data]\nsamples = 0", 2, "data.samples", ["≥ 10", "got 0"]),
    "too many samples": ("[data]\nsamples = 1_000_001", 2, "data.samples", ["≤ 1000000"]),
    "all for testing": ("[data]\ntest_fraction = 1", 2, "data.test_fraction", ["≤ 0.9"]),
    "negative seed": (MODELS + "seed = -1", 2, "models[0].seed", ["≥ 0", "got -1"]),
    "seed too large": ("[data]\nseed = 4294967296", 2, "data.seed", ["≤ 4294967295"]),
    "viewport of three": ("[data]\nviewport = [0, 1, 2]", 2, "data.viewport", ["x_min, x_max"]),
    "viewport turned round": (
        "[data]\nviewport = [1, 0, 0, 1]",
        2,
        "data.viewport",
        ["x_min must be less than x_max"],
    ),
    "viewport without height": (
        "[data]\nviewport = [0, 1, 2, 2]",
        2,
        "data.viewport",
        ["y_min must be less than y_max, got 2 and 2"],
    ),
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
    "one band": ("[[panels]]\nbands = 1", 2, "panels[0].bands", ["≥ 2", "got 1"]),
    "too many bands": ("[[panels]]\nbands = 257", 2, "panels[0].bands", ["≤ 256", "got 257"]),
    "half a band": ("[[panels]]\nbands = 2.5", 2, "panels[0].bands", ["whole", "got 2.5"]),
    "true bands": ("[[panels]]\nbands = true", 2, "panels[0].bands", ["whole", "got true"]),
    "misspelt smooth": (
        '[[panels]]\nbands = "smoth"',
        2,
        "panels[0].bands",
        ["'smooth'", "did you mean 'smooth'"],
    ),
    "too fast": ("[timeline]\nfps = 61", 2, "timeline.fps", ["≤ 60", "got 61"]),
    "no pace": ("[timeline]\nfps = 0", 2, "timeline.fps", ["≥ 1"]),
    "hold backwards": ("[timeline]\nhold_last = -1", 2, "timeline.hold_last", ["≥ 0"]),
    "hold for ever": ("[timeline]\nhold_first = 601", 2, "timeline.hold_first", ["≤ 600"]),
    "no such pace": ('[timeline]\npace = "liner"', 2, "timeline.pace", ["'linear'"]),
    "no such easing": ('[timeline]\neasing = "smoth"', 2, "timeline.easing", ["'smooth'"]),
    "no such alignment": ('[timeline]\nalign = "update"', 2, "timeline.align", ["'updates'"]),
    "tweening of a kind": ('[timeline]\ntween = "yes"', 2, "timeline.tween", ["true or false"]),
    "film without frames": ("[timeline]\nframes = 0", 2, "timeline.frames", ["≥ 1", "got 0"]),
    "film without duration": ("[timeline]\nduration = 0", 2, "timeline.duration", ["> 0"]),
    "all three of time": (
        "[timeline]\nfps = 10\nframes = 20\nduration = 2",
        4,
        "timeline.duration",
        ["left out where frames and fps are given (they make 2 s)", "got 2"],
    ),
    "no whole frame rate": (
        "[timeline]\nframes = 100\nduration = 3",
        3,
        "timeline.duration",
        ["whole number of frames per second from 1 to 60", "100 frames in 3 s"],
    ),
    "longer than any film": (
        "[timeline]\nfps = 60\nduration = 2000",
        3,
        "timeline.duration",
        ["at most 100000 frames", "got 120000"],
    ),
    "hold at no unit": (
        '[timeline]\nholds = [{ at = 5, seconds = 1, unit = "epochs" }]',
        2,
        "timeline.holds[0].unit",
        ["'epoch'"],
    ),
    "hold of no length": (
        "[timeline]\nholds = [{ at = 5 }]",
        2,
        "timeline.holds[0].seconds",
        ["be given"],
    ),
    "hold before the start": (
        "[timeline]\nholds = [{ at = -5, seconds = 1 }]",
        2,
        "timeline.holds[0].at",
        ["≥ 0", "got -5"],
    ),
    "no frames": ("[timeline]\nmax_frames = 0", 2, "timeline.max_frames", ["≥ 1"]),
    "size of one": (
        '[[outputs]]\nfile = "x.gif"\nsize = [800]',
        3,
        "outputs[0].size",
        ["[width, height]", "array of 1"],
    ),
    "size in text": (
        '[[outputs]]\nfile = "x.gif"\nsize = "800x600"',
        3,
        "outputs[0].size",
        ["[width, height]", "'800x600'"],
    ),
    "size of nothing": (
        '[[outputs]]\nfile = "x.gif"\nsize = [0, 600]',
        3,
        "outputs[0].size[0]",
        ["≥ 16", "got 0"],
    ),
    "size too large": (
        '[[outputs]]\nfile = "x.gif"\nsize = [3841, 600]',
        3,
        "outputs[0].size[0]",
        ["≤ 3840"],
    ),
    "size too high": (
        '[[outputs]]\nfile = "x.gif"\nsize = [800, 2161]',
        3,
        "outputs[0].size[1]",
        ["≤ 2160"],
    ),
    # text
    "title too long": (f'title = "{"x" * 121}"', 1, "title", ["at most 120 characters", "got 121"]),
    "blank title": ('title = " "', 1, "title", ["must not be blank"]),
    "title of two lines": ('title = "a\\nb"', 1, "title", ["one line", "'a\\nb'"]),
    "title with an escape": ('title = "a\\u001bb"', 1, "title", ["printable", "'a\\x1bb'"]),
    "description with a bell": ('description = "\\u0007"', 1, "description", ["printable"]),
    "name too long": (MODELS + f'name = "{"x" * 61}"', 2, "models[0].name", ["60 characters"]),
    # things that don't go together
    "no models": ("models = []", 1, "models", ["at least 1 entry", "empty array"]),
    "no outputs": ("outputs = []", 1, "outputs", ["at least 1 entry"]),
    "too many models": (
        "".join(f'[[models]]\nname = "{n}"\n' for n in range(17)),
        1,
        "models",
        ["at most 16 entries", "array of 17"],
    ),
    "too many panels": ("[[panels]]\n" * 17, 1, "panels", ["at most 16 entries"]),
    "too many outputs": (
        "".join(f'[[outputs]]\nfile = "{n}.gif"\n' for n in range(33)),
        1,
        "outputs",
        ["at most 32 entries"],
    ),
    "same name twice": (MODELS * 2, 2, "models[1].name", ["unique", "models[0]"]),
    # captions
    "caption without a moment": (
        '[[captions]]\ntext = "x"',
        1,
        "captions[0]",
        ["exactly one of update, epoch, time, event", "got none"],
    ),
    "caption of two moments": (
        '[[captions]]\ntext = "x"\nupdate = 5\ntime = 1.0',
        1,
        "captions[0]",
        ["exactly one of", "got update and time"],
    ),
    "caption of an unknown event": (
        '[[captions]]\ntext = "x"\nevent = "acuracy > 0.9"',
        3,
        "captions[0].event",
        ["must be like 'accuracy >= 0.9'", "'acuracy > 0.9'"],
    ),
    "caption of no model": (
        MODELS + 'name = "Left"\n[[captions]]\ntext = "x"\nupdate = 1\nmodel = "Lefd"',
        6,
        "captions[0].model",
        ["'Left'", "got 'Lefd'", "did you mean 'Left'"],
    ),
    "caption of two lines": (
        '[[captions]]\ntext = "a\\nb"\nupdate = 1',
        2,
        "captions[0].text",
        ["one line of printable text"],
    ),
    "one table of captions": ("[captions]\nupdate = 1", 1, "captions", ["[[captions]]"]),
    "captions that hold too long": (
        '[[captions]]\ntext = "x"\nupdate = 1\nhold = 600\n'
        "[timeline]\nfps = 60\nhold_first = 600\nhold_last = 600",
        5,
        "timeline",
        ["at most 100 000 frames"],
    ),
    "panel of no model": (
        MODELS + 'name = "Left"\n[[panels]]\nmodel = "Lefd"',
        4,
        "panels[0].model",
        ["'Left'", "got 'Lefd'", "did you mean 'Left'"],
    ),
    "panel of which model": (
        MODELS + 'name = "A"\n' + MODELS + 'name = "B"\n[[panels]]\nbands = 5',
        5,
        "panels[0].model",
        ["must name one of the models 'A', 'B'"],
    ),
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
    "three classes on a boundary panel": (
        '[data]\nkind = "spirals"\nclasses = 3',
        3,
        "data.classes",
        ["must be 2 for boundary panels", "got 3"],
    ),
    "softmax on a boundary panel": (
        MODELS + 'loss = "categorical_crossentropy"',
        2,
        "models[0].loss",
        ["can't be 'categorical_crossentropy' for boundary panels"],
    ),
    "one class": ('[data]\nkind = "blobs"\nclasses = 1', 3, "data.classes", ["≥ 2", "got 1"]),
    "classes of moons": ("[data]\nclasses = 3", 2, "data.classes", ["unknown key"]),
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
    "too many frames": (
        "[timeline]\nfps = 60\nhold_first = 600\nhold_last = 600\n"
        + MODELS
        + "layers = [1]\niterations = 50_000\ncapture = { every = 1 }",
        1,
        "timeline",
        ["at most 100 000 frames", "122 001"],
    ),
    # files
    "output without a name": ("[[outputs]]\nsize = [800, 600]", 1, "outputs[0].file", ["be given"]),
    "output of no format": ('[[outputs]]\nfile = "x"', 2, "outputs[0].file", [".mp4 or .webm"]),
    "output of another format": (
        '[[outputs]]\nfile = "x.mp5"',
        2,
        "outputs[0].file",
        ["end in .mp4 or .webm", "did you mean '.mp4'"],
    ),
    "quality unknown": (
        '[[outputs]]\nfile = "x.mp4"\nquality = "goood"',
        3,
        "outputs[0].quality",
        ["did you mean 'good'"],
    ),
    "quality of a GIF": (
        '[[outputs]]\nfile = "x.gif"\nquality = "best"',
        3,
        "outputs[0].quality",
        ["is for .mp4 and .webm only", "'x.gif'"],
    ),
    "size of a file that can't be chosen": (
        '[[outputs]]\nfile = "x.mp4"\nmax_size = "5 MB"',
        3,
        "outputs[0].max_size",
        ["is for .gif and .webp only", "'x.mp4'"],
    ),
    "size of a file without a unit": (
        '[[outputs]]\nfile = "x.gif"\nmax_size = "5"',
        3,
        "outputs[0].max_size",
        ["a number and one of kB, MB", "got '5'"],
    ),
    "size of a file out of bounds": (
        '[[outputs]]\nfile = "x.gif"\nmax_size = "0 MB"',
        3,
        "outputs[0].max_size",
        ["from 1 kB to 4 GB", "got '0 MB'"],
    ),
    "output elsewhere": ('[[outputs]]\nfile = "/x.gif"', 2, "outputs[0].file", ["output folder"]),
    "output above": ('[[outputs]]\nfile = "../x.gif"', 2, "outputs[0].file", ["output folder"]),
    "output hidden": ('[[outputs]]\nfile = ".x.gif"', 2, "outputs[0].file", ["hidden"]),
    "output a device": ('[[outputs]]\nfile = "nul.gif"', 2, "outputs[0].file", ["device name"]),
    "output with a backslash": ("[[outputs]]\nfile = 'a\\x.gif'", 2, "outputs[0].file", ["\\"]),
    "output on a drive": ("[[outputs]]\nfile = 'C:x.gif'", 2, "outputs[0].file", [":"]),
    "output with a NUL": ('[[outputs]]\nfile = "\\u0000x.gif"', 2, "outputs[0].file", ["control"]),
    "same file twice": (
        '[[outputs]]\nfile = "x.gif"\n[[outputs]]\nfile = "X.gif"',
        4,
        "outputs[1].file",
        ["unique", "outputs[0]"],
    ),
    "file in a file": (
        '[[outputs]]\nfile = "x.gif"\n[[outputs]]\nfile = "x.gif/y.gif"',
        4,
        "outputs[1].file",
        ["itself made by"],
    ),
    "folder beside its own file": (
        '[[outputs]]\nfile = "x/"\n[[outputs]]\nfile = "x/y.gif"',
        4,
        "outputs[1].file",
        ["can't be in 'x'", "itself made by"],
    ),
    "same folder twice": (
        '[[outputs]]\nfile = "x/"\n[[outputs]]\nfile = "X/"',
        4,
        "outputs[1].file",
        ["unique", "got 'X/' beside outputs[0]"],
    ),
    "folder with a suffix": (
        '[[outputs]]\nfile = "x.mp4/"',
        2,
        "outputs[0].file",
        ["must not hold a dot before its last '/'", "got 'x.mp4/'"],
    ),
    "folder above": ('[[outputs]]\nfile = "../"', 2, "outputs[0].file", ["output folder"]),
    "folder that is the output folder": (
        '[[outputs]]\nfile = "/"',
        2,
        "outputs[0].file",
        ["can't start with '/'"],
    ),
    "quality of a folder": (
        '[[outputs]]\nfile = "x/"\nquality = "best"',
        3,
        "outputs[0].quality",
        ["is for .mp4 and .webm only", "'x/'"],
    ),
    # stills
    "moment of a film": (
        '[[outputs]]\nfile = "x.mp4"\nat = "first"',
        3,
        "outputs[0].at",
        ["is for .png and .svg and .pdf only", "'x.mp4'"],
    ),
    "moment that is none": (
        '[[outputs]]\nfile = "x.png"\nat = "frist"',
        3,
        "outputs[0].at",
        ["must be an update such as 500, 'first', 'last'", "did you mean 'first'"],
    ),
    "moment of a misspelt unit": (
        '[[outputs]]\nfile = "x.png"\nat = "updat:5"',
        3,
        "outputs[0].at",
        ["got 'updat:5'", "did you mean 'update'"],
    ),
    "moment in parts of an update": (
        '[[outputs]]\nfile = "x.png"\nat = 0.5',
        3,
        "outputs[0].at",
        ["an update such as 500", "got 0.5"],
    ),
    "moment before the start": (
        '[[outputs]]\nfile = "x.png"\nat = -1',
        3,
        "outputs[0].at",
        ["got -1"],
    ),
    "misspelt key of a still": (
        '[[outputs]]\nfile = "x.png"\nta = 5',
        3,
        "outputs[0].ta",
        ["unknown key", "did you mean 'at'"],
    ),
    "update past the end": (
        MODELS + 'iterations = 50\n[[outputs]]\nfile = "x.png"\nat = 51',
        5,
        "outputs[0].at",
        ["must be at most update:50, the end of 'NumPy Model', got 'update:51'"],
    ),
    "epoch past the end": (
        MODELS + 'epochs = 50\n[[outputs]]\nfile = "x.png"\nat = "epoch:50.5"',
        5,
        "outputs[0].at",
        ["must be at most epoch:50, "],
    ),
    "time past the end": (
        MODELS + 'iterations = 50\n[timeline]\nfps = 10\n[[outputs]]\nfile = "x.png"\nat = "7.2 s"',
        7,
        "outputs[0].at",
        ["must be at most 7.1 s, the end of the film, got '7.2 s'"],
    ),
    "still and film of one name": (
        '[[outputs]]\nfile = "x.png"\n[[outputs]]\nfile = "X.png"',
        4,
        "outputs[1].file",
        ["unique"],
    ),
    "quality of a still": (
        '[[outputs]]\nfile = "x.png"\nquality = "best"',
        3,
        "outputs[0].quality",
        ["is for .mp4 and .webm only"],
    ),
    # CSV data
    "csv without a path": ('[data]\nkind = "csv"', 1, "data.path", ["must be given"]),
    "csv that is not there": (
        '[data]\nkind = "csv"\npath = "okk.csv"',
        3,
        "data.path",
        ["no such file", "did you mean 'ok.csv'"],
    ),
    "csv that is a folder": ('[data]\nkind = "csv"\npath = "."', 3, "data.path", ["be a file"]),
    "csv with a NUL in its name": (
        '[data]\nkind = "csv"\npath = "a\\u0000b"',
        3,
        "data.path",
        ["no such file", "a\\x00b"],
    ),
}

CSV: dict[str, tuple[str, str, str, list[str]]] = {
    "empty": ("", "", "data.path", ["empty"]),
    "only a header": ("a,b,label\n", "", "data.path", []),
    "a cell that is no number": ("1,2,x\n3,four,y\n" * 9, "", "data.path", ["four"]),
    "a cell that is not finite": ("1,2,x\n3,nan,y\n" * 9, "", "data.path", ["nan"]),
    "an infinite cell": ("1,2,x\n3,inf,y\n" * 9, "", "data.path", ["inf"]),
    "one class": ("1,2,x\n3,4,x\n" * 9, "", "data", ["class"]),
    "three classes": ("1,2,x\n3,4,y\n5,6,z\n" * 9, "", "data", ["class"]),
    "a column too many": ("1,2,3,x\n3,4,5,y\n" * 9, "", "data", ["column"]),
    "a column too few": ("1,x\n3,y\n" * 9, "", "data", ["column"]),
    "a row too short": ("1,2,x\n3,y\n" * 9, "", "data", []),
    "no such label": (
        "a,b,kind\n" + "1,2,x\n3,4,y\n" * 9,
        'label = "kinds"',
        "data.label",
        ["'kind'"],
    ),
    "too few samples": ("1,2,x\n3,4,y\n", "", "data", []),
    "a cell as long as a book": (f"1,{'x' * 5000},x\n3,4,y\n" * 9, "", "data.path", ["…"]),
    "not text": ("\udcff\udcfe,2,x\n", "", "data.path", []),
}


@pytest.fixture(autouse=True)
def good_csv(tmp_path: Path) -> None:
    (tmp_path / "ok.csv").write_text("1,2,x\n3,4,y\n" * 20, encoding="utf-8")


def check_refusal(ran: Any, where: str, words: list[str]) -> None:
    assert ran.code == 2, ran
    assert ran.out == ""
    assert "Traceback" not in ran.err
    lines = ran.err.splitlines()
    assert len(lines) == 1, ran.err
    assert lines[0].startswith(f"epochreel: {where}"), lines[0]
    assert lines[0].isprintable()
    for word in words:
        assert word in lines[0], (word, lines[0])
    for leak in ("pydantic", "Input should", "type=", "Traceback", "validation error"):
        assert leak not in lines[0]


@pytest.mark.parametrize("name", BAD)
def test_bad_scene(name: str, cli: Callable[..., Any], scene_file: Callable[..., Path]) -> None:
    text, line, key, words = BAD[name]
    scene_file(text)
    place = f":{line}" if line else ""
    check_refusal(cli("check", "my.toml"), f"my.toml{place}: {key}: ", words)


@pytest.mark.parametrize("name", CSV)
def test_bad_csv(
    name: str, cli: Callable[..., Any], scene_file: Callable[..., Path], tmp_path: Path
) -> None:
    table, options, key, words = CSV[name]
    (tmp_path / "bad.csv").write_bytes(table.encode("utf-8", "surrogateescape"))
    scene_file(f'[data]\nkind = "csv"\npath = "bad.csv"\n{options}')
    ran = cli("check", "my.toml")
    check_refusal(ran, "my.toml:", words)
    assert f": {key}" in ran.err


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a = ", 1, "not valid TOML"),
        ("a = 1\nb = [1,\n", 2, "at the end of the file"),
        ("[data]\n[data]", 2, "cannot declare 'data' twice"),
        ("a = 1\na = 2", 2, "not valid TOML"),
        ("title = drak", 1, "not valid TOML"),
        ("x = " + "[" * 5000, None, "nested too deeply"),
        ("x = " + "9" * 5000, None, "too many digits"),
        ("x = 1\n\ny = 'a\x07b'", 3, "not valid TOML"),
    ],
)
def test_bad_toml(
    text: str,
    line: int | None,
    words: str,
    cli: Callable[..., Any],
    scene_file: Callable[..., Path],
) -> None:
    scene_file(text)
    place = f":{line}" if line else ""
    check_refusal(cli("render", "my.toml"), f"my.toml{place}: ", [words])


def test_bytes_that_are_no_text(cli: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "my.toml").write_bytes(b"a = 1\n# caf\xe9\n")
    check_refusal(cli("check", "my.toml"), "my.toml:2: ", ["UTF-8"])


def test_a_file_that_is_too_large(cli: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "my.toml").write_bytes(b"# \n" * 400_000)
    check_refusal(cli("check", "my.toml"), "my.toml: ", ["at most 1000 kB"])


def test_a_folder(cli: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "my.toml").mkdir()
    check_refusal(cli("check", "my.toml"), "my.toml: ", ["folder"])


def test_a_device(cli: Callable[..., Any]) -> None:
    check_refusal(cli("check", "/dev/null"), "/dev/null: ", ["not a regular file"])


def test_a_file_that_may_not_be_read(
    cli: Callable[..., Any], scene_file: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = scene_file("")
    original = Path.open

    # permissions don't bind the superuser, who may run the tests
    def refuse(self: Path, *arguments: Any, **options: Any) -> Any:
        if self.name == path.name:
            raise PermissionError(13, "Permission denied")
        return original(self, *arguments, **options)

    monkeypatch.setattr(Path, "open", refuse)
    check_refusal(cli("check", "my.toml"), "my.toml: ", ["can't be read: permission denied"])


def test_no_such_file_names_the_nearest(
    cli: Callable[..., Any], scene_file: Callable[..., Path]
) -> None:
    scene_file("", "moons.toml")
    check_refusal(cli("check", "mons.toml"), "mons.toml: ", ["did you mean 'moons.toml'"])
    check_refusal(cli("check", "numpy_drak"), "numpy_drak: ", ["did you mean 'numpy_dark'"])
    check_refusal(cli("check", "x\0y"), "x\\x00y: ", ["no such file"])
    check_refusal(cli("check", "x" * 5000), "xxx", ["no such file"])


def test_all_problems_of_all_files_at_once(
    cli: Callable[..., Any], scene_file: Callable[..., Path]
) -> None:
    scene_file("title = 5\n[timeline]\nfps = 0\n[data]\nnosie = 1", "a.toml")
    scene_file("x = ", "b.toml")
    scene_file('[data]\nkind = "csv"\npath = "bad.csv"', "c.toml")
    scene_file(name="good.toml")
    (scene_file("").parent / "bad.csv").write_text("1,2,x\n" * 30, encoding="utf-8")
    ran = cli("render", "a.toml", "b.toml", "c.toml", "good.toml", "nope.toml")
    assert ran.code == 2
    starts = [line.split(": ")[1] for line in ran.err.splitlines()]
    assert starts == ["a.toml:1", "a.toml:3", "a.toml:5", "b.toml:1", "c.toml:3", "nope.toml"]
    assert not Path("output").exists()


def test_two_scenes_that_make_one_file(
    cli: Callable[..., Any], scene_file: Callable[..., Path]
) -> None:
    scene_file('[[outputs]]\nfile = "x.gif"', "a.toml")
    scene_file('[[outputs]]\nfile = "X.GIF"', "b.toml")
    check_refusal(
        cli("check", "a.toml", "b.toml"), "b.toml:2: outputs[0].file: ", ["a.toml makes too"]
    )
    assert cli("check", "a.toml", "./a.toml").code == 0


def test_a_scene_whose_name_makes_no_file_name(
    cli: Callable[..., Any], scene_file: Callable[..., Path]
) -> None:
    scene_file("", "con.toml")
    check_refusal(cli("check", "con.toml"), "con.toml: outputs[0].file: ", ["device name"])


def test_refusal_in_a_process_of_its_own(
    shell: Callable[..., Any], scene_file: Callable[..., Path]
) -> None:
    scene_file("[data]\nnosie = 0.2")
    check_refusal(shell("render", "my.toml"), "my.toml:2: data.nosie: unknown key", [])
