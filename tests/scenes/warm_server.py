"""A process that has all loaded and forks: each child runs the command line, in its own group.

Starting afresh takes a second; a test that kills a hundred runs can't wait for that.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

SERVER = """
import json, os, sys, signal

from epochreel.scenes.cli import main

def run(job):
    os.setsid()
    os.chdir(job["cwd"])
    os.environ.update(job["env"])
    for number, name in ((1, "out.txt"), (2, "err.txt")):
        descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(descriptor, number)
        os.close(descriptor)
    code = 1
    try:
        code = main(job["arguments"])
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)

signal.alarm(600)
answers = os.fdopen(os.dup(1), "w", buffering=1)
os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
for line in sys.stdin:
    job = json.loads(line)
    if "wait" in job:
        _, status = os.waitpid(job["wait"], 0)
        print(os.waitstatus_to_exitcode(status), file=answers)
        continue
    if job.get("here"):  # loads what is imported on use, for all that are forked
        os.chdir(job["cwd"])
        os.environ.update(job["env"])
        print(main(job["arguments"]), file=answers)
        continue
    pid = os.fork()
    if pid == 0:
        run(job)
    print(pid, file=answers)
"""


class WarmServer:
    """Runs of the command line that begin at once.

    Parameters
    ----------
    cwd : Path
    env : mapping
    """

    def __init__(self, cwd: Path, env: Mapping[str, str]) -> None:
        self._cwd, self._env = cwd, dict(env)
        self._process = subprocess.Popen(
            [sys.executable, "-c", SERVER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            bufsize=1,
            env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def warm_up(self, arguments: Sequence[object], **env: str) -> int:
        """Run in the server itself, undisturbed."""
        return self._ask(self._job(arguments, env) | {"here": True})

    def start(self, arguments: Sequence[object], **env: str) -> int:
        """Begin a run; give its process, which leads a group of its own."""
        return self._ask(self._job(arguments, env))

    def wait(self, pid: int) -> int:
        """Wait for a run's end; give its exit code, negative for a signal."""
        return self._ask({"wait": pid})

    def run_and_kill(self, arguments: Sequence[object], after_s: float, **env: str) -> int:
        """Begin a run, and after a while kill it and all that it has started."""
        pid = self.start(arguments, **env)
        time.sleep(after_s)
        try:
            os.killpg(pid, signal.SIGKILL)
        except ProcessLookupError:  # it doesn't lead a group yet
            os.kill(pid, signal.SIGKILL)
        return self.wait(pid)

    def _job(self, arguments: Sequence[object], env: Mapping[str, str]) -> dict[str, object]:
        words = [str(argument) for argument in arguments]
        return {"arguments": words, "cwd": str(self._cwd), "env": self._env | dict(env)}

    def _ask(self, job: Mapping[str, object]) -> int:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(json.dumps(job) + "\n")
        return int(stdout.readline())
