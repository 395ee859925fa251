"""The stages of a run as they pass: a bar for people, seconds for `run.log`."""

from __future__ import annotations

import time
from collections.abc import Iterable
from itertools import pairwise

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn
from rich.text import Text

from lifecircle.base.sentences import Language, sentence

WEIGHTS = {
    "streets": 20,
    "units": 2,
    "facilities": 4,
    "demand": 10,
    "walk": 16,
    "coverage": 8,
    "places": 8,
    "map": 10,
    "documents": 14,
    "write": 8,
}
"""Share of each stage in the time of a run, in percent, so that the bar moves evenly."""


class TimeLeft(ProgressColumn):
    """Time left, judged when a stage begins and counted down from there."""

    def render(self, task: Task) -> Text:
        """Minutes and seconds, or dashes before the first stage has ended."""
        end = task.fields["end"]
        if end is None:
            return Text("--:--")
        seconds = max(0, round(end - time.perf_counter()))
        return Text(f"{seconds // 60:02d}:{seconds % 60:02d}")


class Stages:
    """Told when each stage begins."""

    def __init__(self, language: Language, shown: bool) -> None:
        self.language = language
        self.began = [("start", time.perf_counter())]
        self.bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TimeLeft(),
            console=Console(stderr=True),
            transient=True,
            disable=not shown,
        )
        self.task = self.bar.add_task("", total=sum(WEIGHTS.values()), end=None)

    def begin(self, stage: str) -> None:
        """`stage` begins, so everything before it is done."""
        now = time.perf_counter()
        self.began.append((stage, now))
        names = list(WEIGHTS)
        done = sum(WEIGHTS[name] for name in names[: names.index(stage)])
        words = sentence(f"stage.{stage}", self.language)
        left = sum(WEIGHTS.values()) - done
        end = now + (now - self.began[0][1]) / done * left if done else None
        self.bar.update(self.task, completed=done, description=words, end=end)

    def log(self, notes: Iterable[str] = ()) -> str:
        """The day and time, the seconds of each stage that has ended, and what was noted."""
        lines = [time.strftime("%Y-%m-%d %H:%M:%S")]
        for (name, start), (_, end) in pairwise(self.began):
            lines.append(f"{name:<12}{end - start:9.3f} s")
        return "\n".join([*lines, *notes]) + "\n"
