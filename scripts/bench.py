"""How fast lifecircle is beside other engines, on the same work, in turn.

    python scripts/bench.py --extract porto_portugal.osm.pbf [--copies 1 4 16] [--rounds 3]
    python scripts/bench.py --small          the demo town, under a minute, to see that it works

Each engine runs in a process of its own, A B A B; printed are the medians of processor and wall
seconds, the most memory, and how many times the processor seconds of lifecircle.  The answers are
compared, and a run whose engines disagree ends with an error.  `--out` gets bench.csv, bench.md
and bench.png; `--cache` keeps the cases that are made.  What is not installed is skipped by name;
`--peers` is the Python of another virtual environment, for engines such as pandana.  Siting is
measured by bench_siting.py, pages by bench_page.py.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import subprocess
import sys
import tempfile
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from bench_city import Size, side_by_side, whole_city
from bench_work import ENGINES

WORK = Path(__file__).with_name("bench_work.py")
OURS = "lifecircle"
CACHED = "lifecircle, cached"
PEERS = ("pandana", "Valhalla")
"""Engines that may live in an environment of their own."""
WHOLE = Size(16, 1_000_000, 225, 30_000)
SMALL = Size(1, 400, 3, 60)
AGREE_M = 1e-6


def main() -> None:
    """Make the cases, run everything in turn, and write what came out."""
    given = arguments()
    with tempfile.TemporaryDirectory() as folder:
        cache = given.cache or Path(folder)
        rows = [row for case in cases(given, cache) for row in measured(*case, given, cache)]
    table = summary(pd.DataFrame(rows))
    print(table.to_string(index=False))
    if given.out:
        write(table, given.out)


def arguments() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--extract", type=Path, help="an .osm.pbf with streets")
    parser.add_argument("--copies", type=int, nargs="+", default=[1, 2, 4, 16])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--tasks", nargs="+", choices=list(ENGINES), default=list(ENGINES))
    parser.add_argument("--skip", nargs="+", default=[], help="engines to leave out")
    parser.add_argument("--peers", type=Path, help="the Python of another environment")
    parser.add_argument("--cache", type=Path, help="where the cases are kept")
    parser.add_argument("--out", type=Path, help="folder for the table and the picture")
    parser.add_argument("--small", action="store_true", help="the demo town, one round")
    given = parser.parse_args()
    if given.small:
        given.extract = Path(str(files("lifecircle.demo") / "synthetic_town.osm.pbf"))
        given.copies, given.rounds, given.skip = [1], 1, [*given.skip, CACHED]
    if given.extract is None or not given.extract.is_file():
        parser.error("--extract must name a file, or use --small")
    return given


def cases(given: argparse.Namespace, cache: Path) -> list[tuple[str, int, Path]]:
    """Task, number of copies, and the file to work on."""
    made = []
    for copies in given.copies:
        extract = side_by_side(given.extract, copies, cache)
        for task in given.tasks:
            made.append((task, copies, study(extract, copies, given.small, cache)
                         if task == "city" else extract))  # fmt: skip
    return made


def study(extract: Path, copies: int, small: bool, cache: Path) -> Path:
    """The whole-city study for this many copies."""
    share = copies / WHOLE.copies
    parts = (max(1, round(share * one)) for one in (WHOLE.cells, WHOLE.units, WHOLE.facilities))
    size = SMALL if small else Size(copies, *parts)
    return whole_city(extract, size, cache / f"city-{extract.name.split('.')[0]}")


def measured(
    task: str, copies: int, case: Path, given: argparse.Namespace, cache: Path
) -> list[dict[str, Any]]:
    """All rounds of one task on one case; the answers agree."""
    rows, engines = [], [one for one in ENGINES[task] if one not in given.skip]
    for number in range(given.rounds):
        answers = {}
        for engine in list(engines):
            python = given.peers if engine in PEERS and given.peers else Path(sys.executable)
            answer = cache / f".answer-{task}.npy"
            done = subprocess.run(
                [python, WORK, task, engine, case, answer], capture_output=True, text=True
            )
            if done.returncode:
                missing = "ModuleNotFoundError" in done.stderr
                if not missing:
                    sys.exit(f"{task}, {engine}: {done.stderr[-3000:]}")
                print(f"{engine}: {done.stderr.strip().splitlines()[-1]}, skipped", flush=True)
                engines.remove(engine)
                continue
            said = json.loads(next(one for one in done.stdout.splitlines() if one[:1] == "{"))
            answers[engine] = np.load(answer)
            rows.append({"task": task, "copies": copies, "engine": engine, "round": number, **said})
            for stage in said.pop("stages"):
                named = {"task": f"{task}: {stage.pop('stage')}", "copies": copies}
                rows.append({**named, "engine": engine, "round": number, **stage})
            print(f"{task} ×{copies} {engine}: {said['cpu']:.2f} s", flush=True)
        check(task, answers)
    return rows


def check(task: str, answers: dict[str, np.ndarray]) -> None:
    """End with an error where engines that answer the same question disagree."""
    if task == "isochrones":
        return  # each engine draws another thing: compare_isochrones.py says which is right
    ours = answers[OURS]
    for engine, theirs in answers.items():
        if engine in ("osmium loop", "pandana", "lifecircle, all rules"):
            continue  # another question: nothing is built, junctions only, levels and islands
        # Of edges as near as each other any will do: the metres are what must agree.
        mine, other = (ours[:, 1], theirs[:, 1]) if task == "attach" else (ours, theirs)
        agree = np.isclose(mine, other, rtol=0, atol=AGREE_M, equal_nan=True)
        if not agree.all():
            sys.exit(f"{task}: {engine} and {OURS} agree on {agree.mean():.4%} only")


def summary(rows: pd.DataFrame) -> pd.DataFrame:
    """Medians of the rounds, and how many times ours each engine takes."""
    key = ["task", "copies", "engine"]
    figures = [name for name in ("cpu", "wall", "ready", "peak_mb") if name in rows]
    table = rows.groupby(key, sort=False)[figures].agg(statistics.median).reset_index()
    ours = table[table["engine"] == OURS].set_index(["task", "copies"])["cpu"]
    own = ours.reindex(pd.MultiIndex.from_frame(table[["task", "copies"]])).to_numpy()
    return table.assign(times_ours=table["cpu"] / own).round(3)


def write(table: pd.DataFrame, folder: Path) -> None:
    """The table as CSV and Markdown, and the picture."""
    folder.mkdir(parents=True, exist_ok=True)
    table.to_csv(folder / "bench.csv", index=False)
    lines = [f"{platform.platform()}, Python {platform.python_version()}", ""]
    lines.append("| " + " | ".join(table.columns) + " |")
    lines.append("|" + "---|" * len(table.columns))
    lines += ["| " + " | ".join(map(str, row)) + " |" for row in table.itertuples(index=False)]
    (folder / "bench.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    draw(table, folder / "bench.png")


def draw(table: pd.DataFrame, path: Path) -> None:
    """Processor seconds over the size, both on logarithmic axes; a straight line is linear."""
    from matplotlib.figure import Figure

    tasks = [task for task in ENGINES if task in set(table["task"])]
    figure = Figure(figsize=(4.2 * len(tasks), 4), layout="constrained")
    for number, task in enumerate(tasks, start=1):
        axes = figure.add_subplot(1, len(tasks), number)
        for engine, own in table[table["task"] == task].groupby("engine", sort=False):
            axes.loglog(own["copies"], own["cpu"], marker="o", label=engine)
        sizes = np.array(sorted(set(table["copies"])), dtype=float)
        first = table.loc[(table["task"] == task) & (table["engine"] == OURS), "cpu"].iloc[0]
        axes.loglog(sizes, first * sizes / sizes[0], ":", color="grey", label="linear")
        axes.set(title=task, xlabel="copies of the extract", ylabel="processor seconds")
        axes.legend(fontsize=8)
    figure.savefig(path, dpi=130)


if __name__ == "__main__":
    main()
