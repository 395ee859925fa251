"""The command line on the terminals, disks and consoles that a planning office has."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import unicodedata
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path

import pytest
from support import hear_interrupts, missing

import lifecircle

DEMO = Path(lifecircle.__file__).parent / "demo"
COMMAND = [sys.executable, "-m", "lifecircle.cli"]
RESULTS = Path("data/processed/demo")
PAGE = Path("maps/demo.html")
ESCAPE = "\x1b["

posix_only = pytest.mark.skipif(os.name != "posix", reason="needs a POSIX terminal or signal")


def environment(**changes: str) -> dict[str, str]:
    """A plain environment: English, UTF-8, 80 columns, no wish about colours."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("LC_", "LANG", "PYTHONIO", "PYTHONUTF8", "COLUMNS"))
        and name not in ("NO_COLOR", "FORCE_COLOR", "CLICOLOR", "TERM")
    }
    return kept | {"LANG": "C.UTF-8", "PYTHONIOENCODING": "utf-8", "TERM": "xterm"} | changes


def lifecircle_in(folder: Path, *words: str, **changes: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [*COMMAND, *words], cwd=folder, env=environment(**changes), capture_output=True
    )


def hashes(*places: Path) -> dict[str, str]:
    """The hash of every file under `places` but the log, hidden files included."""
    files = [file for place in places for file in sorted(place.rglob("*")) if file.is_file()]
    return {
        str(file): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in files
        if file.name != "run.log"
    }


def columns(line: str) -> int:
    """How many columns a terminal gives `line`, by the Unicode table."""
    return sum(
        0 if unicodedata.combining(sign) else 2 if unicodedata.east_asian_width(sign) in "WF" else 1
        for sign in line
    )


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, str]:
    """The folder of a finished demo, and what it said on standard output and standard error."""
    folder = tmp_path_factory.mktemp("finished")
    run = lifecircle_in(folder, "demo")
    assert run.returncode == 0, run.stderr
    return folder, run.stdout.decode(), run.stderr.decode()


@pytest.fixture
def finished(first: tuple[Path, str, str]) -> Path:
    """A folder with a finished demo; tests copy it and must not change it."""
    return first[0]


@pytest.fixture
def in_english(first: tuple[Path, str, str]) -> str:
    return first[1]


@pytest.fixture(scope="module")
def in_chinese(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What the demo says in Chinese."""
    run = lifecircle_in(tmp_path_factory.mktemp("chinese"), "demo", "--lang", "zh")
    return run.stdout.decode()


@pytest.fixture
def earlier(finished: Path, tmp_path: Path) -> Path:
    """A folder of the test's own with an earlier result that can be told from a new one."""
    folder = tmp_path / "earlier"
    shutil.copytree(finished, folder)
    (folder / PAGE).write_bytes(b"the earlier map")
    (folder / RESULTS / "notes.txt").write_text("mine", encoding="utf-8")
    return folder


# ---- what it says ----


def test_version_names_what_the_figures_depend_on(tmp_path: Path) -> None:
    run = lifecircle_in(tmp_path, "--version")
    found = dict(line.split(" ", 1) for line in run.stdout.decode().splitlines())
    assert list(found)[:2] == ["lifecircle", "python"]
    for name in ("lifecircle", "geopandas", "shapely", "osmium", "pyproj", "numpy", "scipy"):
        assert found[name] == version(name)
    assert found["python"] == ".".join(map(str, sys.version_info[:3]))
    assert all(re.fullmatch(r"[\d.]+", found[name]) for name in ("GDAL", "GEOS", "PROJ"))


def test_json_is_alone_on_standard_output(finished: Path, tmp_path: Path) -> None:
    study = finished / "data" / "raw" / "demo"
    run = lifecircle_in(tmp_path, "run", str(study), "--json")
    rows = json.loads(run.stdout)
    assert run.stderr == b""
    assert len(rows) > 100
    assert {"unit_id", "service", "denominator", "share"} <= rows[0].keys()
    checked = json.loads(lifecircle_in(tmp_path, "check", str(study), "--json").stdout)
    assert {"source", "row", "code", "fix"} <= checked[0].keys()
    listed = (tmp_path / RESULTS / "problems.csv").read_text(encoding="utf-8-sig").splitlines()
    assert len(checked) == len(listed) - 1 > 10


def test_every_line_fits_80_columns(in_chinese: str, in_english: str) -> None:
    """Tables, remarks and hints; Chinese characters count two columns."""
    for said in (in_chinese, in_english):
        assert len(said.splitlines()) > 30
        assert [line for line in said.splitlines() if columns(line) > 80] == []


def test_the_table_keeps_names_whole_and_its_columns_straight(in_chinese: str) -> None:
    """Each row's mark of the last column ends in the same column of the terminal."""
    lines = in_chinese.splitlines()[1:]
    names = (
        "平澜街道",
        "云桥街道",
        "槐荫街道",
        "望潮街道",
        "东渡街道",
        "芦洲镇",
        "临江区（虚构）",
        "全部单元",
    )
    rows = [line for line in lines if line.strip().startswith(names)]
    assert len(rows) == len(names)
    targeted = [row.rstrip() for row in rows if "芦洲镇" not in row]
    assert {columns(row) for row in targeted} == {columns(targeted[0])}
    assert all(row.count("✓") + row.count("✗") == 6 for row in targeted)


def test_no_line_begins_with_a_closing_mark(in_chinese: str) -> None:
    lines = [line.strip() for line in in_chinese.splitlines()]
    assert [line for line in lines if line.startswith(tuple("，。；：、）》”"))] == []


def test_nothing_is_coloured_and_no_bar_is_drawn_away_from_a_terminal(
    first: tuple[Path, str, str],
) -> None:
    _, said, said_aside = first
    assert ESCAPE not in said
    assert said_aside == ""


@posix_only
def test_a_terminal_gets_colours_and_a_bar_with_stage_and_time_left(tmp_path: Path) -> None:
    text, code = on_terminal(tmp_path, "demo", "--lang", "zh")
    assert code == 0
    assert f"{ESCAPE}32m" in text
    assert f"{ESCAPE}31m" in text
    for stage in ("读取道路", "读取需求", "计算步行", "计算覆盖率", "绘制地图", "写出结果"):
        assert stage in text, stage
    bars = re.findall(r"写出结果.*?\d\d:\d\d", text)
    assert bars
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)
    assert [line for line in re.split("[\r\n]+", plain) if columns(line) > 80] == []


@posix_only
def test_json_on_a_terminal_has_no_bar(tmp_path: Path) -> None:
    text, code = on_terminal(tmp_path, "demo", "--json")
    assert code == 0
    assert ESCAPE not in text
    assert json.loads(text)


def on_terminal(folder: Path, *words: str) -> tuple[str, int]:
    """Run on a pseudo-terminal of 80 columns; what it showed, and the exit code."""
    import fcntl
    import pty
    import struct
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 80, 0, 0))
    run = subprocess.Popen(
        [*COMMAND, *words], cwd=folder, env=environment(),
        stdin=theirs, stdout=theirs, stderr=theirs,
    )  # fmt: skip
    os.close(theirs)
    shown = b""
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:  # Linux ends a pseudo-terminal so
            break
        if not piece:
            break
        shown += piece
    os.close(ours)
    return shown.decode(), run.wait()


@posix_only
def test_the_tab_key_completes_commands_in_bash(tmp_path: Path) -> None:
    """The line that --help gives, in a real bash."""
    if shutil.which("bash") is None:
        missing("no bash")
    tool = tmp_path / "lifecircle"
    tool.write_text(
        f"#!/bin/sh\nexec '{sys.executable}' -c "
        "'import sys; sys.argv[0] = \"lifecircle\"; from lifecircle.cli import main; main()' "
        '"$@"\n',
        encoding="utf-8",
    )
    tool.chmod(0o755)
    told = lifecircle_in(tmp_path, "--help").stdout.decode()
    line = next(line.strip() for line in told.splitlines() if "bash_source" in line)
    script = f"""{line}
        COMP_WORDS=(lifecircle de) COMP_CWORD=1
        _lifecircle_completion lifecircle de; echo "${{COMPREPLY[@]}}"
        COMPREPLY=() COMP_WORDS=(lifecircle run --la) COMP_CWORD=2
        _lifecircle_completion lifecircle --la; echo "${{COMPREPLY[@]}}" """
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    run = subprocess.run(
        ["bash", "-c", script], env=environment(PATH=path), capture_output=True, text=True
    )
    assert run.stdout.split() == ["demo", "--lang"]


@posix_only
def test_open_hands_the_map_to_the_desktop(tmp_path: Path) -> None:
    """A desktop of our own notes what it is asked to open."""
    tools = tmp_path / "tools"
    tools.mkdir()
    opener = tools / "xdg-open"
    opener.write_text(f'#!/bin/sh\nrealpath "$1" > "{tmp_path}/opened"\n', encoding="utf-8")
    opener.chmod(0o755)
    path = f"{tools}{os.pathsep}{os.environ['PATH']}"
    assert lifecircle_in(tmp_path, "demo", "--open", PATH=path).returncode == 0
    for _ in range(100):
        if (tmp_path / "opened").exists() and (tmp_path / "opened").read_text():
            break
        time.sleep(0.05)
    assert Path((tmp_path / "opened").read_text().strip()) == (tmp_path / PAGE).resolve()


# ---- consoles and folders ----


def test_a_gbk_console_shows_the_table_and_its_marks(tmp_path: Path) -> None:
    """GBK lacks ✓, ✗ and the bullet; a question mark in their place would mean `open`."""
    run = lifecircle_in(tmp_path, "demo", "--lang", "zh", PYTHONIOENCODING="gbk")
    assert run.returncode == 0
    text = run.stdout.decode("gbk")
    row = next(line for line in text.splitlines() if line.strip().startswith("云桥街道"))
    assert re.findall(r"[-+?]", row) == ["-", "-", "+", "+", "+", "-"]
    assert "? 未定" in text
    assert text.count("?") == 1


def test_the_c_locale_gets_question_marks_and_the_same_files(
    finished: Path, tmp_path: Path
) -> None:
    """Without Python's help: no UTF-8 mode, no coercion of the locale, an ASCII console."""
    bare = {"PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0", "PYTHONIOENCODING": ""}
    run = lifecircle_in(tmp_path, "demo", **{"LC_ALL": "C", "LANG": "C"}, **bare)
    assert run.returncode == 0, run.stderr
    assert run.stderr == b""
    assert "Everything above is synthetic" in run.stdout.decode("ascii")
    assert same_results(finished, tmp_path)


def same_results(one: Path, other: Path) -> bool:
    first, second = (
        {Path(k).name: v for k, v in hashes(f / RESULTS).items()} for f in (one, other)
    )
    return bool(first) and first == second


def test_a_folder_may_have_spaces_chinese_characters_and_signs(
    finished: Path, tmp_path: Path
) -> None:
    name = "生活圈 成果 2025 & it's #1 100%"
    folder = tmp_path / name
    run = lifecircle_in(tmp_path, "demo", "--out", str(folder))
    assert run.returncode == 0, run.stderr
    assert same_results(finished, folder)
    again = lifecircle_in(tmp_path, "run", str(folder / "data" / "raw" / "demo"), "--out", name)
    assert again.returncode == 0, again.stderr
    assert same_results(finished, folder)


def test_nothing_on_the_way_needs_what_windows_lacks(finished: Path, tmp_path: Path) -> None:
    """The whole demo with the modules blocked that exist on POSIX only."""
    code = (
        "import sys\n"
        "for name in ('fcntl', 'grp', 'termios', 'resource', 'pty'): sys.modules[name] = None\n"
        "sys.argv = ['lifecircle', 'demo']\n"
        "from lifecircle.cli import main\nmain()"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment(), capture_output=True
    )
    assert run.returncode == 0, run.stderr
    assert same_results(finished, tmp_path)


# ---- study files ----


def study_in(folder: Path, change: Callable[[str], str], encoding: str = "utf-8") -> Path:
    """The demo's inputs in `folder`, its study changed and stored in `encoding`."""
    shutil.copytree(DEMO, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    text = change((folder / "study.toml").read_text(encoding="utf-8"))
    (folder / "study.toml").write_bytes(text.encode(encoding))
    return folder


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_a_study_in_any_office_encoding_is_read(tmp_path: Path, encoding: str) -> None:
    study = study_in(tmp_path / "study", lambda text: text, encoding)
    run = lifecircle_in(tmp_path, "check", str(study), "--lang", "en")
    assert run.returncode == 0, run.stderr
    assert "The study can run" in run.stdout.decode()


@pytest.mark.parametrize(
    "path", [r"raw\units.geojson", r"C:\town\new.geojson", r"raw\town.geojson"]
)
def test_a_backslash_in_double_quotes_is_explained(tmp_path: Path, path: str) -> None:
    r"""`\u` and `\C` are no escapes; `\t` and `\n` are, and would silently name another file."""
    study = study_in(tmp_path / "s", lambda t: t.replace("synthetic_units.geojson", path))
    run = lifecircle_in(tmp_path, "check", str(study))
    assert run.returncode == 2
    assert "use single quotes or / in paths" in run.stderr.decode()
    assert "Traceback" not in run.stderr.decode()
    assert not (tmp_path / "data").exists()


def test_a_backslash_in_single_quotes_is_a_folder_on_every_system(tmp_path: Path) -> None:
    before, after = '"synthetic_units.geojson"', r"'layers\synthetic_units.geojson'"
    study = study_in(tmp_path / "s", lambda text: text.replace(before, after))
    (study / "layers").mkdir()
    (study / "synthetic_units.geojson").rename(study / "layers" / "synthetic_units.geojson")
    run = lifecircle_in(tmp_path, "check", str(study))
    assert run.returncode == 0, run.stderr


# ---- when it cannot finish ----


def interrupted(folder: Path, seen: Callable[[], bool]) -> tuple[int, str]:
    """Send Ctrl-C to a demo in `folder` as soon as `seen`; the exit code and what it said."""
    run = subprocess.Popen(
        [*COMMAND, "demo"], cwd=folder, env=environment(),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=hear_interrupts,
    )  # fmt: skip
    end = time.monotonic() + 120
    while not seen() and run.poll() is None and time.monotonic() < end:
        time.sleep(0.002)
    run.send_signal(signal.SIGINT)
    _, said = run.communicate(timeout=60)
    return run.returncode, said.decode()


@posix_only
@pytest.mark.parametrize("moment", ["reading", "computing", "writing"])
def test_ctrl_c_ends_with_130_and_leaves_the_earlier_result(earlier: Path, moment: str) -> None:
    before = hashes(earlier / RESULTS, earlier / "maps")
    inputs, start = earlier / "data" / "raw" / "demo" / "study.toml", time.time()

    def copied() -> bool:
        return inputs.stat().st_mtime > start

    def staged() -> bool:
        return any((earlier / RESULTS).parent.glob(".demo.*"))

    def a_second_later() -> bool:
        return copied() and time.time() > inputs.stat().st_mtime + 1

    seen = {"reading": copied, "computing": a_second_later, "writing": staged}[moment]
    code, said = interrupted(earlier, seen)
    assert code == 130, said
    assert said.strip() == "Interrupted; earlier results are as they were."
    assert hashes(earlier / RESULTS, earlier / "maps") == before
    beside = {file.name for file in (earlier / RESULTS).parent.iterdir()}
    assert beside - {".cache"} == {"demo"}
    assert [file.name for file in earlier.iterdir() if file.name == "lifecircle-error.txt"] == []


def test_ctrl_c_while_a_library_loads_ends_with_130_too(tmp_path: Path) -> None:
    """Libraries make classes by `exec` of text, where `python -m` would die by the signal."""
    code = """
import sys
import lifecircle.pipeline
def interrupted(*_): exec("raise KeyboardInterrupt")
lifecircle.pipeline.run = interrupted
sys.argv = ["lifecircle", "demo"]
from lifecircle.cli import main
main()
"""
    (tmp_path / "interrupting.py").write_text(code, encoding="utf-8")
    run = subprocess.run(
        [sys.executable, "-m", "interrupting"], cwd=tmp_path, env=environment(), capture_output=True
    )
    assert run.returncode == 130, run.stderr.decode()


@posix_only
def test_ctrl_c_while_a_module_loads_waits_until_it_has_loaded(tmp_path: Path) -> None:
    """A compiled module turns the interrupt into an ImportError and is left half made."""
    (tmp_path / "loading.py").write_text(
        "import signal, time\n"
        "for _ in range(3):  # pressed again and again\n"
        "    signal.raise_signal(signal.SIGINT)\n"
        "    time.sleep(0.05)\n"
        "print('loaded', flush=True)\n"
    )
    code = """
import sys, time
import lifecircle.pipeline
def loads(*_):
    import loading
    time.sleep(30)
lifecircle.pipeline.run = loads
sys.argv = ["lifecircle", "demo", "--lang", "en"]
from lifecircle.cli import main
main()
"""
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment(),
        capture_output=True, timeout=25, preexec_fn=hear_interrupts,
    )  # fmt: skip
    assert run.returncode == 130, run.stderr.decode()
    assert run.stdout.decode().splitlines()[-1] == "loaded"
    assert run.stderr.decode().strip() == "Interrupted; earlier results are as they were."


@pytest.fixture
def small_disk(finished: Path, tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Mounts a disk of its own with the earlier result, by mount options; skips where it may not.

    Mounting needs rights that a test machine may lack, so that this skips with CI=true too.
    """
    disk = tmp_path / "disk"
    disk.mkdir()

    def mount(options: str) -> Path:
        call = ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(disk)]
        if shutil.which("mount") is None or subprocess.run(call, capture_output=True).returncode:
            pytest.skip("no right to mount a disk")
        shutil.copytree(finished, disk, dirs_exist_ok=True)
        subprocess.run(["mount", "-o", f"remount,{options}", str(disk)], check=True)
        return disk

    yield mount
    subprocess.run(["umount", str(disk)], capture_output=True)


@pytest.mark.parametrize("spare_mb", [0.5, 5, 9])
def test_a_full_disk_is_one_line_and_the_earlier_result_whole(
    finished: Path, small_disk: Callable[[str], Path], spare_mb: float
) -> None:
    """Full at different steps: tables, GeoPackage, map; GDAL says it in words of its own."""
    used = sum(file.stat().st_size for file in finished.rglob("*") if file.is_file())
    disk = small_disk(f"size={int(used + spare_mb * 1e6)}")
    before = hashes(disk)
    run = lifecircle_in(disk, "demo")
    assert run.returncode == 2
    assert run.stderr.decode().splitlines() == [
        "The disk is full; earlier results are as they were. "
        "Fix: free some space, or choose another folder with --out."
    ]
    assert hashes(disk) == before


def test_a_read_only_folder_is_one_line_before_any_work(
    small_disk: Callable[[str], Path],
) -> None:
    disk = small_disk("ro")
    before = hashes(disk)
    for words in (("demo",), ("run", "data/raw/demo", "--lang", "en")):
        run = lifecircle_in(disk, *words)
        assert run.returncode == 2
        (said,) = run.stderr.decode().splitlines()
        assert said.startswith("Error: data/processed cannot be written to. Fix: choose")
    init = lifecircle_in(disk, "init", "new")
    assert init.returncode == 2
    assert len(init.stderr.decode().splitlines()) == 1
    assert hashes(disk) == before


def test_a_result_open_in_excel_stays_and_the_new_one_lies_beside_it(earlier: Path) -> None:
    """Windows refuses to rename a folder while a file in it is open."""
    before = hashes(earlier / RESULTS)
    code = """
import sys
from pathlib import Path
rename = Path.rename
def refusing(path, target):
    if path.name == "demo": raise PermissionError(13, "in use by another program", str(path))
    return rename(path, target)
Path.rename = refusing
sys.argv = ["lifecircle", "demo"]
from lifecircle.cli import main
main()
"""
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=earlier, env=environment(), capture_output=True
    )
    assert run.returncode == 2
    said = run.stderr.decode()
    assert f"A file in {RESULTS} is open in another program. Fix: close it" in said
    kept = earlier / f"{RESULTS}-new"
    assert str(kept.relative_to(earlier)) in said
    assert hashes(earlier / RESULTS) == before
    manifest = json.loads((kept / "manifest.json").read_text(encoding="utf-8"))
    for name, expected in manifest["files"].items():
        content = hashlib.sha256((kept / name).read_bytes()).hexdigest()
        assert expected in ("", content)


def test_an_error_of_ours_is_one_line_and_a_file(tmp_path: Path) -> None:
    code = """
import sys
import lifecircle.pipeline
def broken(*_): raise ZeroDivisionError("by nothing")
lifecircle.pipeline.run = broken
sys.argv = ["lifecircle", "demo"]
from lifecircle.cli import main
main()
"""
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment(), capture_output=True
    )
    assert run.returncode == 70
    assert len(run.stderr.decode().splitlines()) == 1
    assert "ZeroDivisionError: by nothing" in run.stderr.decode()
    assert "Traceback" in (tmp_path / "lifecircle-error.txt").read_text(encoding="utf-8")
