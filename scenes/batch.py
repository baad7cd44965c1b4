"""A batch: from what was typed to a report, in stages. ``epochreel render`` is one."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Executor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from epochreel.scenes.batch_log import BatchLog
from epochreel.scenes.building import build_dataset
from epochreel.scenes.costing import useful_jobs
from epochreel.scenes.executors import SerialExecutor, default_jobs
from epochreel.scenes.gathering import read_scenes
from epochreel.scenes.guarding import make_reporter, tell
from epochreel.scenes.loading import SceneFile
from epochreel.scenes.messages import count
from epochreel.scenes.outcomes import Outcome, Report
from epochreel.scenes.overriding import settings_of
from epochreel.scenes.pipeline import everything, render_scenes
from epochreel.scenes.pools import PassingProcess, WorkerPool
from epochreel.scenes.preparing import PreparedScene, prepare_scenes
from epochreel.scenes.progress import Reporter
from epochreel.scenes.schema import OutputSpec
from epochreel.scenes.storing import NullStore, RecordingStore
from epochreel.scenes.summarizing import describe_artifacts, describe_report

__all__ = ["BatchOptions", "open_store", "run_batch"]


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
    jobs: int | None = None
    cluster: str | None = None


def run_batch(options: BatchOptions) -> Report:
    """Make all files of some scenes, and say what became of them.

    Parameters
    ----------
    options : BatchOptions

    Returns
    -------
    Report

    Raises
    ------
    SceneError
        With all problems of all files; nothing was made then.
    """
    began = perf_counter()
    if options.cluster is not None:
        from epochreel.scenes.cluster import check_address

        check_address(options.cluster)
    files, problems = read_scenes(
        options.scenes, only=options.only, settings=settings_of(options.settings)
    )
    reporter = make_reporter(quiet=options.quiet, batch=len(files) > 1)
    log = BatchLog(options.output, files, reporter.note)
    finished: list[Outcome] = []
    try:
        report = _make(options, files, problems, reporter, log, finished.append)
    except (KeyboardInterrupt, SystemExit):
        reporter.close()
        if len(files) > 1:
            made = sum(outcome.status == "made" for outcome in finished)
            tell(f"stopped; {count(made, 'file')} had been made and stay")
        raise
    finally:
        reporter.close()
    _summarize(report, log, batch=len(files) > 1, wall_s=perf_counter() - began)
    return report


def _make(
    options: BatchOptions,
    files: Sequence[SceneFile],
    problems: Sequence[str],
    reporter: Reporter,
    log: BatchLog,
    on_outcome: Callable[[Outcome], None],
) -> Report:
    """Prepare the scenes, all of them before any is worked on, and make their files."""
    jobs = 1 if problems else _count_jobs(options, files)
    with _open_executor(options, jobs, reporter) as executor:
        scenes = _prepare(files, problems, executor)
        return render_scenes(
            scenes,
            options.output,
            executor=executor,
            reporter=reporter,
            jobs=jobs,
            preview=options.preview,
            keep_going=options.keep_going,
            choose=_chooser(options),
            store=_open_store(options),
            on_outcome=_tell_all(on_outcome, *_listeners(options, scenes)),
            journal=log,
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
    with executor if isinstance(executor, SerialExecutor) else PassingProcess() as other:
        return prepare_scenes(
            files, problems, make=lambda spec: other.submit(build_dataset, spec).result()
        )


def _chooser(options: BatchOptions) -> Callable[[SceneFile, OutputSpec], str | None]:
    """Decide which files are to be made, and say why."""
    return everything


def _open_store(options: BatchOptions) -> RecordingStore:
    """Choose where recordings are kept for another batch."""
    return NullStore()


def open_store(output: Path, reporter: Reporter) -> AbstractContextManager[RecordingStore]:
    """Choose where recordings are kept for others, for who makes files without a batch."""
    return nullcontext(NullStore())


def _listeners(
    options: BatchOptions, scenes: Sequence[PreparedScene]
) -> list[Callable[[Outcome], None]]:
    """Gather who is told what became of each file, in their order."""
    return []


def _tell_all(*listeners: Callable[[Outcome], None]) -> Callable[[Outcome], None]:
    def tell_all(outcome: Outcome) -> None:
        for listener in listeners:
            listener(outcome)

    return tell_all


def _summarize(report: Report, log: BatchLog, *, batch: bool, wall_s: float) -> None:
    """Say what was made on stdout, and what went wrong on stderr."""
    lines = describe_report(report, wall_s) if batch else describe_artifacts(report.artifacts)
    for line in lines:
        print(line)
    sys.stdout.flush()
    told: dict[str, None] = {}
    for outcome in report.failed:
        more = f"; see {log.path(outcome.scene)}" if log.written(outcome.scene) else ""
        told[f"{outcome.error}{more}"] = None
    tell(*told)
