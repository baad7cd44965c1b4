"""A batch: from what was typed to a report, in stages. ``epochreel render`` is one."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import BrokenExecutor, Executor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter

from epochreel.nn.dataset import Dataset
from epochreel.nn.datasets import make_dataset
from epochreel.nn.errors import OutputError, RenderError
from epochreel.scenes.batch_log import BatchLog
from epochreel.scenes.building import dataset_options, output_name
from epochreel.scenes.cache import RecordingCache, cache_folder, cache_limit
from epochreel.scenes.clashes import find_clashes
from epochreel.scenes.costing import useful_jobs
from epochreel.scenes.data_spec import DataSpec
from epochreel.scenes.deciding import Decision, decide, describe_decisions
from epochreel.scenes.executors import SerialExecutor, default_jobs
from epochreel.scenes.gallery import INDEX
from epochreel.scenes.gathering import read_scenes
from epochreel.scenes.guarding import make_reporter, tell
from epochreel.scenes.keeping import FileStore
from epochreel.scenes.loading import SceneFile
from epochreel.scenes.messages import count
from epochreel.scenes.outcomes import Outcome, Report
from epochreel.scenes.overriding import settings_of
from epochreel.scenes.pipeline import render_scenes
from epochreel.scenes.pools import PassingProcess, WorkerPool
from epochreel.scenes.preparing import PreparedScene, prepare_scenes
from epochreel.scenes.progress import Reporter
from epochreel.scenes.schema import OutputSpec
from epochreel.scenes.scratch import sweep
from epochreel.scenes.showing import show_films
from epochreel.scenes.sidecars import write_sidecar
from epochreel.scenes.summarizing import describe_artifacts, describe_report
from epochreel.scenes.targets import refuse_output

__all__ = ["BatchOptions", "open_store", "run_batch", "try_batch"]


@dataclass(frozen=True)
class BatchOptions:
    """What a user asks of a batch.

    Attributes
    ----------
    scenes : sequence of str
        Files, folders, patterns, names of ready-made scenes.
    output : Path
        Folder of the finished files.
    only, settings : sequence of str
        ``--only`` and ``--set``.
    preview, quiet, keep_going : bool
    force : bool
        Whether all files are made anew, and all models trained anew.
    cache : bool
        Whether recordings are kept for other batches, and taken from them.
    gallery : bool
        Whether the folder's manifest and gallery are made anew.
    jobs : int or None
        Processes; one per core when left out.
    cluster : str or None
        ``--cluster``.
    """

    scenes: Sequence[str]
    output: Path = Path("output")
    only: Sequence[str] = ()
    settings: Sequence[str] = ()
    preview: bool = False
    quiet: bool = False
    keep_going: bool = False
    force: bool = False
    cache: bool = True
    gallery: bool = True
    jobs: int | None = None
    cluster: str | None = None


def run_batch(options: BatchOptions) -> Report:
    """Make the files of some scenes that aren't up to date, and say what became of all.

    Parameters
    ----------
    options : BatchOptions

    Returns
    -------
    Report
        Of all files, also of those that stayed as they were.

    Raises
    ------
    SceneError
        With all problems of all files; nothing was made then.
    """
    began = perf_counter()
    if options.cluster is not None:
        from epochreel.scenes.cluster import check_address

        check_address(options.cluster)
    files, problems = _read(options)
    decisions = _decide(options, files, problems)
    reporter = make_reporter(quiet=options.quiet, batch=len(files) > 1)
    log = BatchLog(options.output, files, reporter.note)
    finished: list[Outcome] = []
    try:
        _tidy(options, decisions)
        _make(options, _stale(files, decisions), problems, decisions, reporter, log, finished)
        _retell(options, decisions, reporter)
        report = _show(options, _whole_report(options, decisions, finished), reporter)
    except (KeyboardInterrupt, SystemExit):
        reporter.close()
        if len(files) > 1:
            made = sum(outcome.status == "made" for outcome in finished)
            tell(f"stopped; made by then: {count(made, 'file')}")
        raise
    finally:
        reporter.close()
    _summarize(report, log, batch=len(files) > 1, wall_s=perf_counter() - began)
    if len(files) > 1 and (options.output / INDEX).is_file() and options.gallery:
        print(f"gallery: {options.output / INDEX}")
    return report


def _make(
    options: BatchOptions,
    files: Sequence[SceneFile],
    problems: Sequence[str],
    decisions: Sequence[Decision],
    reporter: Reporter,
    log: BatchLog,
    finished: list[Outcome],
) -> None:
    """Prepare the scenes, all of them before any is worked on, and make their files."""
    if not files and not problems:
        return
    jobs = 1 if problems else _count_jobs(options, files)

    def keep(outcome: Outcome) -> None:
        finished.append(outcome.without_poster())

    with (
        _open_executor(options, jobs, reporter) as executor,
        _open_store(options, jobs, reporter) as store,
    ):
        render_scenes(
            _prepare(files, problems, executor),
            options.output,
            executor=executor,
            reporter=reporter,
            jobs=jobs,
            preview=options.preview,
            keep_going=options.keep_going,
            choose=_chooser(options, decisions),
            store=store,
            on_outcome=_tell_all(keep, *_listeners(options, decisions, reporter)),
            journal=log,
        )


def try_batch(options: BatchOptions) -> list[str]:
    """Say what a batch would make and why, a line each; nothing is made or changed.

    Raises
    ------
    SceneError
        With all problems of all files.
    """
    files, problems = _read(options)
    decisions = _decide(options, files, problems)
    refuse_output(options.output)
    prepare_scenes(_stale(files, decisions), problems)
    store = FileStore(options.output, _open_cache(options), reads=not options.force)

    def to_train(decision: Decision) -> list[str]:
        scene = decision.scene.scene
        return [
            model.name
            for model in scene.models
            if not store.has(
                store.key(scene.data, model, scene.measures_of(model.name)), alone=scene.timed
            )
        ]

    return describe_decisions(decisions, to_train)


def _read(options: BatchOptions) -> tuple[list[SceneFile], list[str]]:
    """Read all scenes, with all problems that they show before there are data."""
    settings = settings_of(options.settings)
    files, problems = read_scenes(options.scenes, only=options.only, settings=settings)
    return list(files), [*problems, *find_clashes(files)]


def _decide(
    options: BatchOptions, files: Sequence[SceneFile], problems: Sequence[str]
) -> list[Decision]:
    """Choose what is to be made; nothing is decided where nothing will be made."""
    if problems:
        return []
    return decide(files, options.output, preview=options.preview, force=options.force)


def _stale(files: Sequence[SceneFile], decisions: Sequence[Decision]) -> list[SceneFile]:
    """Give the scenes of which anything is made; all, where that isn't decided."""
    made = {id(decision.scene) for decision in decisions if decision.reason is not None}
    return [file for file in files if id(file) in made or not decisions]


def _tidy(options: BatchOptions, decisions: Sequence[Decision]) -> None:
    """Remove what runs that were killed have left, also where nothing is made any more."""
    if decisions:
        sweep([options.output, *((options.output / d.name).parent for d in decisions)])


def _retell(options: BatchOptions, decisions: Sequence[Decision], reporter: Reporter) -> None:
    """Renew what is said of files that stay, where a scene has another text that isn't shown."""
    for decision in decisions:
        record = decision.record
        if decision.reason is not None or record is None or not decision.has_other_text:
            continue
        try:
            write_sidecar(
                decision.scene,
                decision.artifact(options.output, with_poster=True),
                options.output,
                preview=options.preview,
                key=decision.key,
                parts=decision.parts,
            )
        except (OutputError, OSError) as error:
            reporter.note(str(error))


def _whole_report(
    options: BatchOptions, decisions: Sequence[Decision], made: Sequence[Outcome]
) -> Report:
    """Put what was made and what stayed into the order of the scenes."""
    outcomes = {outcome.name: outcome for outcome in made}
    return Report(
        [
            outcomes.get(decision.name) or decision.up_to_date(options.output)
            for decision in decisions
        ]
    )


def _count_jobs(options: BatchOptions, files: Sequence[SceneFile]) -> int:
    """Choose how many tasks run at a time."""
    return min(options.jobs or default_jobs(), useful_jobs(files, preview=options.preview))


@contextmanager
def _open_executor(options: BatchOptions, jobs: int, reporter: Reporter) -> Generator[Executor]:
    """Choose where the work runs."""
    if options.cluster is not None:
        from epochreel.scenes.cluster import AUTO, open_cluster

        wanted = jobs if options.cluster == AUTO else options.jobs
        with open_cluster(options.cluster, jobs=wanted, reporter=reporter) as executor:
            yield executor
        return
    with SerialExecutor() if jobs == 1 else WorkerPool(jobs, reporter) as executor:
        yield executor


def _prepare(
    files: Sequence[SceneFile], problems: Sequence[str], executor: Executor
) -> list[PreparedScene]:
    """Make the data while the workers start: either takes a second.

    What makes data takes 80 MB, which are gone again before many processes draw.
    """
    with ExitStack() as stack:
        here = isinstance(executor, SerialExecutor)
        other = executor if here else stack.enter_context(PassingProcess())

        def make(spec: DataSpec) -> Dataset:
            nonlocal other
            try:
                return _made(spec, other)
            except BrokenExecutor:  # once more, as what else a killed process was amid
                other = stack.enter_context(PassingProcess())
            try:
                return _made(spec, other)
            except BrokenExecutor as error:
                raise RenderError(
                    "the process that makes data was killed or ran out of memory"
                ) from error

        return prepare_scenes(files, problems, make=make)


def _made(spec: DataSpec, executor: Executor) -> Dataset:
    return executor.submit(make_dataset, spec.kind, **dataset_options(spec)).result()


def _chooser(
    options: BatchOptions, decisions: Sequence[Decision]
) -> Callable[[SceneFile, OutputSpec], str | None]:
    """Tell the pipeline which files are to be made, and why."""
    reasons = {decision.name: decision.reason for decision in decisions}

    def choose(scene: SceneFile, output: OutputSpec) -> str | None:
        return reasons[output_name(output, preview=options.preview)]

    return choose


def _open_cache(
    options: BatchOptions, note: Callable[[str], None] = lambda text: None
) -> RecordingCache | None:
    """Find the recordings of other batches."""
    return RecordingCache(cache_folder(), cache_limit(), note) if options.cache else None


def _open_store(options: BatchOptions, jobs: int, reporter: Reporter) -> FileStore:
    """Choose where recordings are kept for this batch and for others."""
    cache = _open_cache(options, reporter.note)
    return FileStore(
        options.output, cache, reads=not options.force, passes=jobs > 1 and not options.cluster
    )


def open_store(output: Path, reporter: Reporter) -> FileStore:
    """Choose where recordings are kept by who makes files without a batch, in this process."""
    cache = RecordingCache(cache_folder(), cache_limit(), reporter.note)
    return FileStore(output, cache, passes=False)


def _listeners(
    options: BatchOptions, decisions: Sequence[Decision], reporter: Reporter
) -> list[Callable[[Outcome], None]]:
    """Gather who is told what became of each file, in their order."""
    return [_sidecar_writer(options, decisions, reporter)]


def _tell_all(*listeners: Callable[[Outcome], None]) -> Callable[[Outcome], None]:
    def tell_all(outcome: Outcome) -> None:
        for listener in listeners:
            listener(outcome)

    return tell_all


def _sidecar_writer(
    options: BatchOptions, decisions: Sequence[Decision], reporter: Reporter
) -> Callable[[Outcome], None]:
    """Write what is known of each file beside it."""
    decided = {decision.name: decision for decision in decisions}

    def write(outcome: Outcome) -> None:
        if outcome.status != "made" or outcome.artifact is None:
            return
        try:
            decision = decided[outcome.name]
            write_sidecar(
                outcome.scene,
                outcome.artifact,
                options.output,
                preview=options.preview,
                key=decision.key,
                parts=decision.parts,
            )
        except OutputError as error:
            if not options.keep_going:
                raise
            reporter.note(str(error))

    return write


def _show(options: BatchOptions, report: Report, reporter: Reporter) -> Report:
    """Show what is in the folder now, from this run and from others."""
    if not options.gallery:
        return report
    try:
        for note in show_films(options.output):
            reporter.note(note)
    except OutputError as error:
        # a run that has failed has said why, as of a disk that is full
        return report if report.exit_code else replace(report, others=(str(error),))
    return report


def _summarize(report: Report, log: BatchLog, *, batch: bool, wall_s: float) -> None:
    """Say what was made on stdout, and what went wrong on stderr."""
    lines = describe_report(report, wall_s) if batch else describe_artifacts(report.artifacts)
    for line in lines:
        print(line)
    sys.stdout.flush()
    tell(*log.errors(report.failed), *report.others)
