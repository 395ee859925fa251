"""The kit for a closed network: made here, installed and run where nothing can be fetched."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support import REPOSITORY, missing

SCRIPT = REPOSITORY / "scripts" / "make_offline_kit.py"
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
NOWHERE = "http://127.0.0.1:9"

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="makes and installs the kit for Linux"
)


@pytest.fixture(scope="module")
def kit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Linux kit, made once; this needs a package index."""
    here = tmp_path_factory.mktemp("kit")
    probe = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-cache-dir"]
    if subprocess.run([*probe, "--dest", str(here / "probe"), "idna"]).returncode:
        missing("no package index can be reached, so that no kit can be made")
    folder = here / "离线 kit"
    subprocess.run([sys.executable, str(SCRIPT), str(folder)], check=True)
    return folder


def without_network() -> list[str]:
    """What runs a command with no network but its own, where this may be done; else nothing."""
    for command in (["unshare", "--net"], ["unshare", "--map-root-user", "--net"]):
        if shutil.which("unshare") and not subprocess.run([*command, "true"]).returncode:
            return command
    return []


def closed_environment() -> dict[str, str]:
    """No settings of pip, no way to lifecircle's sources, proxies that lead nowhere."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.upper().startswith(("PIP_", "PYTHON"))
    }
    names = ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY")
    proxies = dict.fromkeys(names, NOWHERE)
    return kept | proxies | {"PIP_CONFIG_FILE": os.devnull, "no_proxy": "", "NO_PROXY": ""}


def test_the_kit_holds_wheels_alone_and_says_what_to_do(kit: Path) -> None:
    files = [file.name for file in (kit / "wheels").iterdir()]
    assert len(files) > 30
    assert [name for name in files if not name.endswith(".whl")] == []
    assert any(name.lower().startswith("xstatic_leaflet-1.9.3") for name in files)
    line = (kit / "install.txt").read_text(encoding="utf-8").strip()
    assert "--no-index --find-links wheels lifecircle" in line
    text = (kit / "README.txt").read_text(encoding="utf-8-sig")
    assert text.count(line) == 2
    assert "不需要联网" in text
    assert "Nothing is fetched" in text


def test_the_install_line_works_and_the_demo_runs_with_the_network_off(
    kit: Path, tmp_path: Path
) -> None:
    """The line as it stands, in a copy of the kit, in a network of its own that leads nowhere."""
    copy = tmp_path / "copied"
    shutil.copytree(kit, copy, copy_function=os.link)
    line = (copy / "install.txt").read_text(encoding="utf-8").strip()
    line = re.sub(r"^python[\d.]+", f"'{sys.executable}'", line)
    command = [*without_network(), "sh", "-c", line]
    print("network off by:", " ".join(command[:-3]) or "proxies that lead nowhere")
    run = subprocess.run(command, cwd=copy, env=closed_environment(), capture_output=True)
    assert run.returncode == 0, run.stderr.decode()
    assert "synthetic" in run.stdout.decode()
    assert (copy / "maps" / "demo.html").is_file()
    assert (copy / "data" / "processed" / "demo" / "manifest.json").is_file()
    where = [
        copy / ".venv" / "bin" / "python",
        "-c",
        "import lifecircle; print(lifecircle.__file__)",
    ]
    home = subprocess.run(where, cwd=tmp_path, env=closed_environment(), capture_output=True)
    assert Path(home.stdout.decode().strip()).is_relative_to(copy / ".venv")


def test_a_kit_for_the_other_system_names_what_only_it_needs(tmp_path: Path) -> None:
    """pip reads conditions for its own computer; the script reads them for the closed one."""
    sys.path.insert(0, str(SCRIPT.parent))
    try:
        import make_offline_kit as script
    finally:
        sys.path.remove(str(SCRIPT.parent))
    (tmp_path / "wheels").mkdir()
    write_wheel(
        tmp_path / "wheels",
        "click",
        ['colorama; sys_platform == "win32"', 'old; python_version < "3.12"', 'x; extra == "x"'],
    )
    for platform, python, expected in (
        ("win_amd64", "3.12", ["colorama"]),
        ("win_amd64", "3.11", ["colorama", "old"]),
        ("linux_x86_64", "3.12", []),
    ):
        assert script.absent_requirements(tmp_path / "wheels", platform, python) == expected


def write_wheel(folder: Path, name: str, needs: list[str]) -> None:
    """A wheel that holds nothing but what it needs."""
    from zipfile import ZipFile

    lines = ["Metadata-Version: 2.1", f"Name: {name}", "Version: 1.0"]
    lines += [f"Requires-Dist: {need}" for need in needs]
    with ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{name}-1.0.dist-info/METADATA", "\n".join(lines) + "\n")
