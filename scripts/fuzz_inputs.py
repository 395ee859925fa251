"""Hand the readers tables nobody would write and files that decay, and count what they answer.

    python scripts/fuzz_inputs.py --tables 20000 --files 5000 --seed 1

A table or a file may be read or refused.  It may not end in any other error, take more than ten
seconds, or fill more than 2 GB; and rows read are rows used and rows excluded, which `Account`
asserts wherever it is made.  Exit code 1 where one of these fails; the input is then kept in the
folder named.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import multiprocessing
import queue
import random
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from itertools import zip_longest
from pathlib import Path
from types import FrameType
from typing import Any

import geopandas as gpd
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from lifecircle.base.problems import InputRefused
from lifecircle.inputs.facilities import read_facility_file
from lifecircle.inputs.units import read_unit_file
from lifecircle.sources import FacilitySource, UnitsSource

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "inputs"))
from handmade import WRITERS

MOST_SECONDS = 10
MOST_BYTES = 2 << 30
CHUNK = 250
SERVICE = "home"

HEADERS = st.sampled_from(
    ["lon", "lat", "经度", "纬度", "X", "y", "名称", "name", "地址", "区", "街镇", "床位", "状态"]
    + ["id", "location", "", " lon ", "坐标", "2024年一览表", "电话"]
)
TRICKY = (
    "121.47", "31.23", "暂无", "", "0", "NA", "１２１．５", "121°28′12″E", "359943.3", "3461891",
    "121.5,31.2", "已停业", "120个", "\u00a0", "=1+1", "-", "大场镇", "1e308", "杨浦区", '"', "'",
)  # fmt: skip
BESIDE = {"地址", "区", "街镇", "床位", "状态", "电话", "id", "2024年一览表"}
"""Headers that a column of coordinates may stand beside."""

CELLS = st.one_of(
    st.floats(-200, 200).map(str), st.floats().map(str), st.sampled_from(TRICKY),
    st.text(max_size=8),
)  # fmt: skip
TABLES = st.lists(st.lists(CELLS, min_size=1, max_size=6), max_size=8)
SOUND_PLACES = st.tuples(
    st.floats(121.3, 121.6).map("{:.6f}".format), st.floats(31.1, 31.4).map("{:.6f}".format)
)
MOSTLY_SOUND = 7
PLACES = st.lists(
    st.tuples(st.integers(0, MOSTLY_SOUND), SOUND_PLACES, st.tuples(CELLS, CELLS)).map(
        lambda drawn: drawn[1] if drawn[0] else drawn[2]
    ),
    min_size=2,
    max_size=12,
)
"""Coordinates, one in eight of them nonsense, so that most tables can be read."""
DELIMITERS = st.sampled_from([",", "\t", ";"])
ENCODINGS = st.sampled_from(["utf-8", "utf-8-sig", "gb18030", "utf-16"])


class TooSlow(Exception):
    """A reader took more than its ten seconds."""


def alarm(_signal: int, _frame: FrameType | None) -> None:
    """A signal's handler: the ten seconds are over."""
    raise TooSlow


def outcome(path: Path, **keys: Any) -> str:
    """What a reader answers: `read`, or the code that refused; anything else is raised."""
    source = FacilitySource.model_validate({"path": path, "service": SERVICE, **keys})
    signal.alarm(MOST_SECONDS)
    try:
        reading = read_facility_file(source, (SERVICE,))
    except InputRefused as error:
        return f"refused: {error.problems[0].code}"
    finally:
        signal.alarm(0)
    refused = [problem.code for problem in reading.problems if problem.action == "refused"]
    for problem in reading.problems:
        problem.line("zh")
    assert reading.account.rows_used == len(set(reading.table["source_row"]))
    return f"refused: {refused[0]}" if refused else "read"


def unit_outcome(path: Path) -> str:
    """The same for units."""
    source = UnitsSource.model_validate({"path": path, "id": "id", "name": "name"})
    signal.alarm(MOST_SECONDS)
    try:
        reading = read_unit_file(source)
    except InputRefused as error:
        return f"refused: {error.problems[0].code}"
    finally:
        signal.alarm(0)
    refused = [problem.code for problem in reading.problems if problem.action == "refused"]
    return f"refused: {refused[0]}" if refused else "read"


def quoted(rows: list[list[str]], delimiter: str) -> str:
    """Rows as text the way a program writes them."""
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(rows)
    return text.getvalue()


def bare(rows: list[list[str]], delimiter: str) -> str:
    """Rows as text the way a hand writes them: what a cell holds may break its row."""
    return "\r\n".join(delimiter.join(cells) for cells in rows)


def patiently(read: Callable[..., str], path: Path, **keys: Any) -> str:
    """What a reader answers, asked once more where it was slow: other programs may be at work."""
    try:
        return read(path, **keys)
    except TooSlow:
        return read(path, **keys)


def fuzz_tables(count: int, number: int, folder: Path) -> Counter[str]:
    """`count` tables made by hypothesis, written as text and read; the first failure is raised."""
    counts: Counter[str] = Counter()
    path = folder / "table.csv"

    @seed(number)
    @settings(
        max_examples=count, database=None, deadline=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(
        st.lists(HEADERS, max_size=6, unique=True), TABLES, PLACES, DELIMITERS, ENCODINGS,
        st.sampled_from([True, True, True, False]),
        st.sampled_from([None, *["wgs84", "gcj02", "bd09"] * 2, "EPSG:4549"]),
    )  # fmt: skip
    def one(
        header: list[str],
        rows: list[list[str]],
        places: list[tuple[str, str]],
        delimiter: str,
        encoding: str,
        fitted: bool,
        datum: str | None,
    ) -> None:
        if fitted:
            header = ["名称", "lon", "lat", *(name for name in header if name in BESIDE)]
            paired = zip_longest(places, rows[: len(places)], fillvalue=[])
            rows = [[f"院{i}", *place, *row] for i, (place, row) in enumerate(paired)]
            rows = [(row + [""] * len(header))[: len(header)] for row in rows]
        written = quoted if fitted else bare
        path.write_bytes(written([header, *rows], delimiter).encode(encoding, "ignore"))
        try:
            counts[patiently(outcome, path, datum=datum)] += 1
        except Exception as error:
            kept = folder / f"failed-{counts.total()}.csv"
            kept.write_bytes(path.read_bytes())
            place = traceback.extract_tb(error.__traceback__)[-1]
            counts[f"FAILED {type(error).__name__} {error} at {place.name}: {kept} {datum}"] += 1

    one()
    return counts


def decayed(content: bytes, chance: random.Random) -> bytes:
    """`content` with bytes changed, cut, doubled or left out."""
    mutable = bytearray(content)
    kind = chance.randrange(5)
    place = chance.randrange(len(mutable))
    if kind == 0:
        return bytes(mutable[:place])
    if kind == 1:
        del mutable[place : place + chance.randrange(1, 64)]
    elif kind == 2:
        mutable[place:place] = mutable[: chance.randrange(1, 64)]
    else:
        for _ in range(chance.randrange(1, 20)):
            mutable[chance.randrange(len(mutable))] = chance.randrange(256)
    return bytes(mutable)


def seeds(folder: Path) -> dict[str, bytes]:
    """One sound file of every format, facilities and units."""
    made = {}
    for name, write in WRITERS.items():
        own = folder / name.split(".")[0]
        own.mkdir(exist_ok=True)
        made[name] = write(own / name).read_bytes()
    square = {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]]}
    feature = {"type": "Feature", "properties": {"id": "1", "name": "a"}, "geometry": square}
    collection = {"type": "FeatureCollection", "features": [feature]}
    made["units.geojson"] = json.dumps(collection).encode()
    frame = gpd.GeoDataFrame.from_features([feature], crs=4326)
    frame.to_file(folder / "units.gpkg")
    made["units.gpkg"] = (folder / "units.gpkg").read_bytes()
    return made


def fuzz_files(start: int, count: int, number: int, folder: Path, answers: Any) -> None:
    """Decayed files `start` to `start + count`, in a process that a crash may end."""
    signal.signal(signal.SIGALRM, alarm)
    sound = seeds(folder)
    names = sorted(sound)
    counts: Counter[str] = Counter()
    for index in range(start, start + count):
        chance = random.Random(number * 1_000_003 + index)
        name = names[index % len(names)]
        path = folder / f"decayed-{name}"
        path.write_bytes(decayed(sound[name], chance))
        try:
            read = unit_outcome if name.startswith("units") else outcome
            counts[patiently(read, path)] += 1
        except BaseException:
            kept = folder / f"failed-{index}-{name}"
            kept.write_bytes(path.read_bytes())
            counts[f"FAILED {kept}\n{traceback.format_exc()}"] += 1
    answers.put((counts, most_memory()))


def most_memory() -> int:
    """The most bytes that this process has held; what it was started from does not count."""
    status = Path("/proc/self/status")
    for line in status.read_text().splitlines() if status.exists() else ():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def answer_of(process: Any, answers: Any, size: int) -> tuple[Counter[str], int]:
    """What the process counted; a failure where it ended without a word or took too long."""
    latest = time.monotonic() + MOST_SECONDS * size
    while time.monotonic() < latest:
        try:
            found: tuple[Counter[str], int] = answers.get(timeout=1)
            return found
        except queue.Empty:
            if not process.is_alive():
                break
    process.terminate()
    return Counter({f"FAILED: a file ended or stopped process {process.name}": 1}), 0


def run_files(total: int, number: int, folder: Path) -> tuple[Counter[str], int]:
    """All decayed files, chunk by chunk in processes of their own; the most memory one took."""
    counts: Counter[str] = Counter()
    most = 0
    # A fresh process each: GDAL must not be forked.
    context = multiprocessing.get_context("spawn")
    for start in range(0, total, CHUNK):
        answers = context.Queue()
        size = min(CHUNK, total - start)
        arguments = (start, size, number, folder, answers)
        process = context.Process(target=fuzz_files, args=arguments)
        process.start()
        found, memory = answer_of(process, answers, size)
        process.join()
        counts += found
        most = max(most, memory)
    return counts, most


def report(title: str, counts: Counter[str], seconds: float, memory: int) -> bool:
    """Print the counts; whether all was well."""
    print(f"{title}: {counts.total():,} in {seconds:.0f} s, {memory / (1 << 20):.0f} MB at most")
    for answer, count in counts.most_common():
        print(f"  {count:>7,}  {answer}")
    return memory < MOST_BYTES and not any(answer.startswith("FAILED") for answer in counts)


def main() -> None:
    """Run both, print the counts, and end with 1 where something failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", type=int, default=20_000)
    parser.add_argument("--files", type=int, default=5_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    signal.signal(signal.SIGALRM, alarm)
    folder = Path(tempfile.mkdtemp(prefix="fuzz-"))
    print(f"seed {arguments.seed}, files in {folder}")
    start = time.monotonic()
    tables = fuzz_tables(arguments.tables, arguments.seed, folder)
    memory = most_memory()
    good = report("tables", tables, time.monotonic() - start, memory)
    start = time.monotonic()
    files, memory = run_files(arguments.files, arguments.seed, folder)
    good &= report("files", files, time.monotonic() - start, memory)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
