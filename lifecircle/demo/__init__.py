"""The embedded synthetic town 临江区（虚构）, as data; made by scripts/make_demo.py."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from lifecircle.base.files import write_bytes

NOT_INPUTS = ("__init__.py", "truth.json")


def copy_town(folder: Path) -> Path:
    """Write the town's files into `folder`, as a study of one's own would lie; give its study."""
    for entry in files("lifecircle.demo").iterdir():
        if entry.is_file() and entry.name not in NOT_INPUTS:
            write_bytes(folder / entry.name, entry.read_bytes())
    return folder / "study.toml"
