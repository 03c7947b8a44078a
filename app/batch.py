"""Several exports at once: what is not whole already is carried out, and one that fails does not stop the others."""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from typing import Protocol

from tqdm import tqdm

from app.batch_task import Outcome, Progress, Task, is_whole
from sterefo_core.errors import ExportError
from sterefo_core.part_file import writing


class Executor(Protocol):
    """Carries out tasks, several at once."""

    def run(self, tasks: Sequence[Task]) -> Generator[tuple[int, Progress | Outcome], None, None]:
        """What becomes of the tasks, by their numbers, as it happens; an Outcome is the last of each.

        Closing the generator ends all of them; nothing stays half-written.
        """


def carry_out(batch: Sequence[Task], executor: Executor) -> None:
    """Export what is not whole already, and say how it went.

    Raises ExportError after the last one where some failed, and KeyboardInterrupt, which then says what was written.
    """
    waiting = list(_not_whole(batch))
    _make_folders(waiting)
    written = 0
    try:
        with closing(_Lines(waiting)) as lines, closing(executor.run(waiting)) as news:
            for number, latest in news:
                lines.show(number, latest)
                written += isinstance(latest, Outcome) and not latest.error
    except KeyboardInterrupt:
        said = f"{written} of {len(waiting)} films were written; the same command goes on with the others"
        raise KeyboardInterrupt(said) from None
    whole = f", {len(batch) - len(waiting)} whole already" if len(waiting) < len(batch) else ""
    print(f"{len(batch)} films: {written} written{whole}")
    if failed := len(waiting) - written:
        raise ExportError(f"{failed} of {len(batch)} films could not be written: the lines above say why")


def _not_whole(batch: Sequence[Task]) -> Iterator[Task]:
    for task in batch:
        try:
            if is_whole(task):
                continue
        except ExportError as error:
            print(error, file=sys.stderr)
        yield task


def _make_folders(tasks: Sequence[Task]) -> None:
    for folder in {path.parent for task in tasks for path in (task.settings.target, task.settings.log) if path}:
        with writing(folder):
            folder.mkdir(exist_ok=True)


class _Lines:
    """On a terminal a line for each export under way; what there is to say of those that ended stays above them."""

    def __init__(self, tasks: Sequence[Task]) -> None:
        self._names = [task.settings.target.name for task in tasks]
        self._bars: dict[int, tqdm] = {}

    def show(self, number: int, latest: Progress | Outcome) -> None:
        """What became of the task of this number."""
        if isinstance(latest, Progress):
            bar = self._bars.get(number) or self._new_bar(number, latest.total)
            bar.update(latest.done - bar.n)
            return
        if number in self._bars:
            self._bars.pop(number).close()
        for line in latest.film.said if latest.film else ():
            tqdm.write(line)
        for line in latest.film.skipped if latest.film else (f"error: {self._names[number]}: {latest.error}",):
            tqdm.write(line, file=sys.stderr)

    def close(self) -> None:
        """Take the lines under way off the terminal."""
        for bar in self._bars.values():
            bar.close()

    def _new_bar(self, number: int, total: int) -> tqdm:
        bar = tqdm(
            total=total, desc=self._names[number], unit="frame", leave=False, disable=None
        )  # None: not in a pipe
        self._bars[number] = bar
        return bar
