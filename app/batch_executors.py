"""Who carries out a batch: processes of this machine, or a Ray cluster. Every film has a fresh process."""

from __future__ import annotations

import logging
import os
import signal
from collections import deque
from collections.abc import Generator, Sequence
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any

from app.batch_task import Outcome, Progress, Task, perform
from app.interruption import heed_interruptions
from sterefo_core.errors import ExportError

_INSTALL = "pip install -r requirements-extra.txt"
_PATIENCE_S = 60.0
_Running = dict[Any, tuple[int, SpawnProcess]]  # by the pipe that they speak through


class Processes:
    """So many processes at once, among which the cores of this machine are divided."""

    def __init__(self, at_once: int) -> None:
        self._at_once = at_once

    def run(self, tasks: Sequence[Task]) -> Generator[tuple[int, Progress | Outcome], None, None]:
        """The Executor protocol says what it does."""
        threads = max((os.cpu_count() or 1) // max(min(self._at_once, len(tasks)), 1), 1)
        waiting, running = deque(enumerate(tasks)), _Running()
        try:
            while waiting or running:
                while waiting and len(running) < self._at_once:
                    number, task = waiting.popleft()
                    pipe, process = _started(task, threads)
                    running[pipe] = number, process
                yield from [_latest(pipe, running) for pipe in wait(list(running))]
        finally:
            for _, process in running.values():
                process.terminate()
            for _, process in running.values():
                process.join()


def _started(task: Task, threads: int) -> tuple[Connection, SpawnProcess]:
    context = get_context("spawn")  # a fork would take over threads in the middle of what they do
    receiving, sending = context.Pipe(duplex=False)
    process = context.Process(target=_perform, args=(task, threads, sending))
    process.start()
    sending.close()  # the process has its own; with that the pipe ends
    return receiving, process


def _latest(pipe: Any, running: _Running) -> tuple[int, Progress | Outcome]:
    """What a process says next; that it ended without a word is an outcome, too."""
    number, process = running[pipe]
    try:
        latest: Progress | Outcome = pipe.recv()
    except (EOFError, OSError):
        process.join()
        latest = Outcome(None, f"its process ended with status {process.exitcode}: try again with fewer jobs")
    if isinstance(latest, Outcome):
        del running[pipe]
        pipe.close()
        process.join()
    return number, latest


def _perform(task: Task, threads: int, pipe: Connection) -> None:
    """In the process: on Ctrl-C the batch sends SIGTERM; when the batch itself was killed, there is no going on."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    heed_interruptions()
    signal.signal(signal.SIGTERM, _stop)
    os.environ["OMP_NUM_THREADS"] = str(threads)  # torch, when it is imported, obeys; Ray says so to its workers, too
    with suppress(KeyboardInterrupt, BrokenPipeError):
        pipe.send(perform(task, threads, pipe.send))


def _stop(number: int, _: object) -> None:
    signal.signal(number, signal.SIG_IGN)  # cleaning up is not to be interrupted
    raise KeyboardInterrupt


class Cluster:
    """The Ray cluster at an address; "auto" is the one that this machine belongs to.

    Every film takes one of its cores, or one GPU. Program, sources and folders are at the same place on all machines.
    """

    def __init__(self, address: str) -> None:
        self._address = address

    def run(self, tasks: Sequence[Task]) -> Generator[tuple[int, Progress | Outcome], None, None]:
        """The Executor protocol says what it does, but for Progress. Raises ExportError without Ray or a cluster."""
        ray = _joined(self._address)
        left: list[Any] = []
        try:
            numbers = {_submitted(ray, task): number for number, task in enumerate(tasks)}
            left = list(numbers)
            while left:
                (ended,), left = ray.wait(left)
                yield numbers[ended], _outcome(ray, ended)
        finally:
            for film in left:
                ray.cancel(film)
            if left:
                ray.wait(left, num_returns=len(left), timeout=_PATIENCE_S)
            ray.shutdown()


def _joined(address: str) -> Any:
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    try:
        import ray
    except ImportError:
        raise ExportError(f"Ray is not installed: {_INSTALL}") from None
    try:
        ray.init(address, log_to_driver=False, logging_level=logging.ERROR)
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise ExportError(f"cannot join the Ray cluster at {address}: start it, or see its token ({error})") from None
    return ray


def _submitted(ray: Any, task: Task) -> Any:
    on_gpu = task.device == "cuda" or (task.device == "auto" and ray.cluster_resources().get("GPU", 0) > 0)
    return ray.remote(num_cpus=1, num_gpus=int(on_gpu), max_calls=1)(_perform_there).remote(task)


def _perform_there(task: Task) -> Outcome:
    """In a worker of Ray, which cancels by SIGINT; it may have been started where that is ignored."""
    signal.signal(signal.SIGINT, _stop)
    return perform(task, threads=1)


def _outcome(ray: Any, film: Any) -> Outcome:
    try:
        return ray.get(film)
    except ray.exceptions.RayError as error:
        return Outcome(None, f"its process ended: {' '.join(str(error).split())[:200]}")
