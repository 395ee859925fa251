"""Put everything that an office without internet needs into one folder.

    python scripts/make_offline_kit.py kit                                     this computer's kind
    python scripts/make_offline_kit.py kit --platform win_amd64 --python 3.12  a Windows PC

Run it where there is internet, in an environment with lifecircle installed.  The folder then
holds `wheels`, one install line, and a README in Chinese and English.  Packages that are
published as source only are built here, so that the closed computer needs no compiler.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from importlib.metadata import PathDistribution
from pathlib import Path
from zipfile import Path as ZipPath

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename

REPOSITORY = Path(__file__).resolve().parent.parent

LINUX_TAGS = [f"manylinux_2_{minor}_x86_64" for minor in range(28, 16, -1)] + [
    "manylinux2014_x86_64"
]
PLATFORMS = {"linux_x86_64": LINUX_TAGS, "win_amd64": ["win_amd64"]}
"""The platform tags of wheels that run there; glibc 2.28 is that of 2018."""

MARKERS = {
    "linux_x86_64": {
        "sys_platform": "linux",
        "platform_system": "Linux",
        "os_name": "posix",
        "platform_machine": "x86_64",
    },
    "win_amd64": {
        "sys_platform": "win32",
        "platform_system": "Windows",
        "os_name": "nt",
        "platform_machine": "AMD64",
    },
}

INSTALL = {
    "linux_x86_64": (
        "install.txt",
        "python{python} -m venv .venv && .venv/bin/python -m pip install --no-index "
        "--find-links wheels lifecircle && .venv/bin/lifecircle demo",
    ),
    "win_amd64": (
        "install.ps1",
        "py -{python} -m venv .venv; .venv\\Scripts\\python -m pip install --no-index "
        "--find-links wheels lifecircle; .venv\\Scripts\\lifecircle demo",
    ),
}

README = """\
lifecircle {version}：离线安装包（{platform}，Python {python}）

1. 目标电脑需已安装 Python {python}（64 位，含 venv）。
2. 把整个文件夹复制过去，在该文件夹中打开{shell_zh}。
3. 运行 {file} 中的一行命令（复制、粘贴即可）：

   {line}

   全过程不需要联网。最后一步计算内置的虚构城镇，结果在 data 和 maps 文件夹中。

lifecircle {version}: offline kit ({platform}, Python {python})

1. The computer needs Python {python} (64 bit, with venv).
2. Copy this whole folder there and open {shell_en} in it.
3. Run the one line in {file} (copy and paste it):

   {line}

   Nothing is fetched from a network. The last step computes the embedded synthetic town;
   its results are in the folders data and maps.
"""

SHELLS = {"linux_x86_64": ("终端", "a terminal"), "win_amd64": (" PowerShell", "PowerShell")}


def main() -> None:
    """Make the kit and say how large it is."""
    options = arguments()
    wheels = options.folder / "wheels"
    wheels.mkdir(parents=True)
    own = build_own_wheel(wheels)
    build_source_only(own, wheels)
    fetch([str(own)], wheels, options.platform, options.python)
    while absent := absent_requirements(wheels, options.platform, options.python):
        fetch(absent, wheels, options.platform, options.python)
    write_words(own, options.folder, options.platform, options.python)
    files = list(wheels.iterdir())
    size = sum(file.stat().st_size for file in files) / 1e6
    print(f"{options.folder}: {len(files)} wheels, {size:.0f} MB")


def arguments() -> argparse.Namespace:
    """The command line; the folder must be new."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="a new folder")
    here = "win_amd64" if sys.platform == "win32" else "linux_x86_64"
    parser.add_argument("--platform", choices=sorted(PLATFORMS), default=here)
    own = f"{sys.version_info.major}.{sys.version_info.minor}"
    parser.add_argument("--python", default=own, help="Python of the closed computer")
    options = parser.parse_args()
    if options.folder.exists():
        parser.error(f"{options.folder} is there already; name a new folder")
    return options


def pip(*words: str) -> None:
    """Run pip of this Python; end with its own message where it fails."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *words]
    if subprocess.run(command).returncode:
        sys.exit(f"pip failed: {' '.join(words)}")


def build_own_wheel(wheels: Path) -> Path:
    """The wheel of this repository."""
    pip("wheel", "--quiet", "--no-deps", "--wheel-dir", str(wheels), str(REPOSITORY))
    return next(wheels.glob("lifecircle-*.whl"))


def build_source_only(own: Path, wheels: Path) -> None:
    """Build wheels of the dependencies that are published as source only."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        plan = ["install", "--quiet", "--dry-run", "--ignore-installed", "--report", str(report)]
        pip(*plan, str(own))
        packages = json.loads(report.read_text(encoding="utf-8"))["install"]
    for package in packages:
        if not package["download_info"]["url"].endswith(".whl"):
            about = package["metadata"]
            pinned = f"{about['name']}=={about['version']}"
            pip("wheel", "--quiet", "--no-deps", "--wheel-dir", str(wheels), pinned)


def fetch(wanted: list[str], wheels: Path, platform: str, python: str) -> None:
    """Download the wheels of `wanted` and of all they need."""
    tags = [word for tag in PLATFORMS[platform] for word in ("--platform", tag)]
    target = ["--only-binary", ":all:", "--implementation", "cp", "--python-version", python]
    folders = ["--find-links", str(wheels), "--dest", str(wheels)]
    pip("download", "--quiet", *target, *tags, *folders, *wanted)


def absent_requirements(wheels: Path, platform: str, python: str) -> list[str]:
    """What the wheels need on `platform` and the folder lacks.

    pip reads conditions such as `sys_platform == "win32"` for the computer it runs on, so what
    only the other platform needs (colorama, tzdata) would be forgotten.
    """
    versions = {"python_version": python, "python_full_version": f"{python}.0"}
    there = {**MARKERS[platform], **versions, "extra": ""}
    files = list(wheels.glob("*.whl"))
    present = {parse_wheel_filename(file.name)[0] for file in files}
    absent = set()
    for requirement in (need for file in files for need in requirements(file)):
        needed = requirement.marker is None or requirement.marker.evaluate(there)
        if needed and canonicalize_name(requirement.name) not in present:
            absent.add(f"{requirement.name}{requirement.specifier}")
    return sorted(absent)


def requirements(wheel: Path) -> list[Requirement]:
    """What a wheel says that it needs."""
    name, version = wheel.name.split("-")[:2]
    about = PathDistribution(ZipPath(wheel, f"{name}-{version}.dist-info/"))  # type: ignore[arg-type]
    return [Requirement(line) for line in about.requires or []]


def write_words(own: Path, folder: Path, platform: str, python: str) -> None:
    """The install line and the README; Notepad needs the mark and the line ends."""
    file, line = INSTALL[platform]
    line = line.format(python=python)
    shell_zh, shell_en = SHELLS[platform]
    text = README.format(
        version=parse_wheel_filename(own.name)[1],
        platform=platform,
        python=python,
        file=file,
        line=line,
        shell_zh=shell_zh,
        shell_en=shell_en,
    )
    newline = "\r\n" if platform.startswith("win") else "\n"
    (folder / file).write_text(line + "\n", encoding="utf-8", newline=newline)
    (folder / "README.txt").write_text(text, encoding="utf-8-sig", newline=newline)


if __name__ == "__main__":
    main()
