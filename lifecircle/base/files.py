"""The one way files are written: whole or not at all.

A single file is written under a temporary name in its own folder, flushed to the disk and
renamed.  The files of a run are gathered in a staging folder that takes the place of the earlier
result in one step, its manifest last.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

MANIFEST = "manifest.json"
STALE_S = 3600
"""Seconds after which a staging folder belongs to no run any more."""
NEARLY_FULL = 64 * 1024 * 1024


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """A temporary path beside `path`; what is written there becomes `path` if all goes well.

    The temporary name keeps the suffix, because drivers choose the format by it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{uuid.uuid4().hex[:12]}{path.suffix}")
    try:
        yield temporary
        _flush(temporary)
        temporary.replace(path)
        _flush_folder(path.parent)
    finally:
        with suppress(FileNotFoundError):
            temporary.unlink()


def write_bytes(path: Path, content: bytes) -> None:
    """Write `content` to `path`, whole or not at all."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)


def write_text(path: Path, content: str) -> None:
    """Write `content` as UTF-8 with plain newlines, whole or not at all."""
    write_bytes(path, content.encode("utf-8"))


@contextmanager
def staged_folder(folder: Path) -> Iterator[Path]:
    """An empty staging folder that replaces `folder` when the block ends without an error.

    Files in `folder` that an earlier run did not write are carried over.  An error, or a kill,
    leaves `folder` as it was.
    """
    recover_folder(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    stage = folder.with_name(f".{folder.name}.{uuid.uuid4().hex[:8]}.new")
    try:
        stage.mkdir()
        yield stage
        _carry_over(folder, stage)
        for file in sorted(stage.rglob("*")):
            _flush(file)
        try:
            _swap(folder, stage)
        except PermissionError as error:
            raise ResultInUse(folder, _kept_beside(folder, stage)) from error
    finally:
        shutil.rmtree(stage, ignore_errors=True)


class ResultInUse(OSError):
    """An earlier result could not be replaced: one of its files is open in another program."""

    def __init__(self, folder: Path, kept: Path) -> None:
        self.folder, self.kept = folder, kept
        super().__init__(f"{folder} is in use; the new result is in {kept}")


def _kept_beside(folder: Path, stage: Path) -> Path:
    """The new result under a name of its own, because the old one cannot be moved."""
    kept = folder.with_name(f"{folder.name}-new")
    shutil.rmtree(kept, ignore_errors=True)
    stage.rename(kept)
    return kept


def writable(folder: Path) -> bool:
    """Whether files could be written in `folder`, which need not exist yet."""
    folder = folder.absolute()
    existing = next((place for place in (folder, *folder.parents) if place.exists()), folder)
    return existing.is_dir() and os.access(existing, os.W_OK)


@contextmanager
def full_disk_named(folder: Path) -> Iterator[None]:
    """Name a full disk as the cause where a driver fails to write and hardly any space is left.

    GDAL says it in several ways, and a failed file gives its space back before one can look.
    """
    try:
        yield
    except RuntimeError as error:
        if shutil.disk_usage(folder).free < NEARLY_FULL:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from error
        raise


def recover_folder(folder: Path) -> None:
    """Clear up after a run that was killed.

    Puts back the earlier result if the kill fell between the two renames of `_swap`, and removes
    staging folders that are too old for a run that still goes on.
    """
    old = _old_name(folder)
    if old.exists() and not folder.exists():
        old.rename(folder)
    shutil.rmtree(old, ignore_errors=True)
    for stage in folder.parent.glob(f".{folder.name}.*.new"):
        if time.time() - stage.stat().st_mtime > STALE_S:
            shutil.rmtree(stage, ignore_errors=True)


def sha256(path: Path) -> str:
    """The SHA-256 of a file, as hexadecimal text."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _old_name(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.old")


def _carry_over(folder: Path, stage: Path) -> None:
    if not folder.exists():
        return
    written = _files_in_manifest(folder)
    for file in sorted(folder.iterdir()):
        if file.name not in written and not (stage / file.name).exists():
            copy = shutil.copytree if file.is_dir() else shutil.copy2
            copy(file, stage / file.name)


def _files_in_manifest(folder: Path) -> set[str]:
    import json

    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        return {MANIFEST, *manifest["files"]}
    except (OSError, ValueError, KeyError):
        return {MANIFEST}


def _swap(folder: Path, stage: Path) -> None:
    old = _old_name(folder)
    if folder.exists():
        folder.rename(old)
    try:
        stage.rename(folder)
    except OSError:
        if old.exists():
            old.rename(folder)
        raise
    _flush_folder(folder.parent)
    shutil.rmtree(old, ignore_errors=True)


def _flush(path: Path) -> None:
    if path.is_dir():
        return _flush_folder(path)
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _flush_folder(folder: Path) -> None:
    """Flush a folder's entries where the system can (Windows cannot, and need not)."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
