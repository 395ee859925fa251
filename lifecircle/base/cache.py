"""What is slow to work out is kept on the disk under a name made of all that it depends on.

The name is a hash of the inputs' content, of every parameter, of this package's own files and of
the versions of the libraries, so that nothing stale is ever found.  An entry is one file, written
whole or not at all, of arrays that are mapped into memory; its checksum is verified when it is
opened, and what is broken or foreign is worked out again.
"""

from __future__ import annotations

import hashlib
import json
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from lifecircle.base.files import STALE_S, atomic_path, sha256
from lifecircle.base.journal import note
from lifecircle.base.keep import ALIGNED, Packer, Unpacker

MAGIC = b"LIFECIR1"
SUFFIX = ".kept"
FOLDER = ".cache"
MOST_BYTES = 4 * 1024**3
"""What a cache folder may hold; the entries longest not used go first."""

LIBRARIES = ("geopandas", "numpy", "osmium", "pandas", "pyproj", "rasterio", "scipy", "shapely")

Value = TypeVar("Value")
_folder: ContextVar[Path | None] = ContextVar("cache folder", default=None)


@contextmanager
def cache_in(folder: Path | None) -> Iterator[None]:
    """Keep what is worked out in this block in `folder`; None keeps nothing."""
    token = _folder.set(folder)
    try:
        yield
    finally:
        _folder.reset(token)


def kept(
    name: str, make: Callable[[], Value], depends: Iterable[object], classes: Iterable[type]
) -> Value:
    """`make()`, or what it gave when all that it `depends` on was the same.

    `depends` are values; a path stands for the content of its file.  `classes` are the dataclasses
    that the value is made of.  Without a cache folder nothing is kept.
    """
    folder = _folder.get()
    if folder is None:
        return make()
    path = folder / f"{name}-{_key(name, depends)}{SUFFIX}"
    with suppress(OSError, ValueError, KeyError, TypeError, AttributeError, IndexError):
        value: Value = read_entry(path, classes)
        path.touch()
        note("cache", f"{name} taken from the cache")
        return value
    value = make()
    note("cache", f"{name} worked out")
    # Whoever cannot keep a value still has it.
    with suppress(OSError, TypeError, ValueError):
        write_entry(path, value)
        _make_room(folder)
    return value


def _key(name: str, depends: Iterable[object]) -> str:
    packer = Packer()
    values = [_content(value) if isinstance(value, Path) else value for value in depends]
    packed = packer.whole([name, _code(), *values])
    digest = hashlib.sha256(json.dumps(packed).encode())
    for array in packer.arrays:
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        digest.update(_bytes(array))
    return digest.hexdigest()[:32]


def _content(path: Path) -> str:
    return f"{path.name} {sha256(path)}"


@cache
def _code() -> str:
    """This package's own files and the libraries that its results may depend on."""
    package = Path(__file__).resolve().parent.parent
    digest = hashlib.sha256()
    for file in sorted(package.rglob("*")):
        if file.suffix in (".py", ".toml"):
            digest.update(f"{file.relative_to(package).as_posix()} {sha256(file)}".encode())
    return digest.hexdigest() + " ".join(version(name) for name in LIBRARIES)


def write_entry(path: Path, value: object) -> None:
    """Write `value` to `path`: the header's length and checksum, the header, the arrays."""
    packer = Packer()
    packed = packer.whole(value)
    places, at = [], 0
    for array in packer.arrays:
        places.append([array.dtype.str, list(array.shape), at])
        at += -(-array.nbytes // ALIGNED) * ALIGNED
    header = json.dumps([packed, places]).encode()
    header += b" " * (-(len(header) + 24) % ALIGNED)
    check = zlib.crc32(header)
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        file.write(bytes(24) + header)
        for array in packer.arrays:
            content = _bytes(array)
            padding = bytes(-array.nbytes % ALIGNED)
            check = zlib.crc32(padding, zlib.crc32(content, check))
            file.write(content)
            file.write(padding)
        file.seek(0)
        file.write(MAGIC + len(header).to_bytes(8, "little") + check.to_bytes(8, "little"))


def _bytes(array: np.ndarray[Any, Any]) -> memoryview:
    return array.reshape(-1).view(np.uint8).data


def read_entry(path: Path, classes: Iterable[type]) -> Any:
    """The value in `path`, its arrays mapped; raises `ValueError` for what is not as written."""
    content = np.memmap(path, dtype=np.uint8, mode="r")
    if content[:8].tobytes() != MAGIC:
        raise ValueError("not an entry")
    length, check = (int.from_bytes(content[at : at + 8].tobytes(), "little") for at in (8, 16))
    if zlib.crc32(content[24:].data) != check:
        raise ValueError("not as it was written")
    packed, places = json.loads(content[24 : 24 + length].tobytes())
    arrays = [
        np.ndarray(shape, np.dtype(dtype), content, 24 + length + at) for dtype, shape, at in places
    ]
    return Unpacker(arrays, classes).whole(packed)


def _make_room(folder: Path) -> None:
    """Remove the entries longest not used beyond `MOST_BYTES`, and what killed writers left."""
    for file in folder.glob(f".*{SUFFIX}"):
        if time.time() - file.stat().st_mtime > STALE_S:
            file.unlink()
    files = sorted(folder.glob(f"*{SUFFIX}"), key=lambda file: -file.stat().st_mtime)
    total = 0
    for file in files:
        total += file.stat().st_size
        if total > MOST_BYTES and file is not files[0]:
            file.unlink()
