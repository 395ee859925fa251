"""The stages of a run as they pass: a bar for people, seconds for `run.log`."""

from __future__ import annotations

import time

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from lifecircle.base.sentences import Language, sentence

WEIGHTS = {
    "streets": 30,
    "units": 2,
    "facilities": 4,
    "demand": 12,
    "walk": 25,
    "coverage": 7,
    "write": 20,
}
"""Share of each stage in the time of a run, in percent, so that the bar moves evenly."""


class Stages:
    """Told when each stage begins."""

    def __init__(self, language: Language, shown: bool) -> None:
        self.language = language
        self.began = [("start", time.perf_counter())]
        self.bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
            disable=not shown,
        )
        self.task = self.bar.add_task("", total=sum(WEIGHTS.values()))

    def begin(self, stage: str) -> None:
        """`stage` begins, so everything before it is done."""
        self.began.append((stage, time.perf_counter()))
        names = list(WEIGHTS)
        done = sum(WEIGHTS[name] for name in names[: names.index(stage)])
        words = sentence(f"stage.{stage}", self.language)
        self.bar.update(self.task, completed=done, description=words)

    def log(self) -> str:
        """The day and time, and the seconds of each stage so far."""
        ends = [*(moment for _, moment in self.began[1:]), time.perf_counter()]
        lines = [time.strftime("%Y-%m-%d %H:%M:%S")]
        for (name, start), end in zip(self.began, ends, strict=True):
            lines.append(f"{name:<12}{end - start:9.3f} s")
        return "\n".join(lines) + "\n"
