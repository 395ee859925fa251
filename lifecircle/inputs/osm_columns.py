"""Nodes and ways of a plain PBF extract as arrays, without an object for each of millions.

Of the format (wiki.openstreetmap.org/wiki/PBF_Format) only what extracts are made of is read:
dense nodes of the usual granularity, then ways, deflated or not.  Whatever is different, or
broken, is `Unusual`: osmium reads it instead, and says what is wrong with it.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lifecircle.base.geo import Floats
from lifecircle.network.network import Ints

Bytes = npt.NDArray[np.uint8]
Tags = dict[str, str]

FEATURES = {b"OsmSchema-V0.6", b"DenseNodes"}
MOST_BYTES = 32 * 1024 * 1024
"""No block is larger, by the format."""
DEGREE = 10_000_000
PADDING = 16
NO_SPAN = np.int64(-1)


class Unusual(Exception):
    """A file, or a part of it, that this module does not read."""


@dataclass
class Columns:
    """Nodes in the order of their ids, the tags of some, and all ways.

    `way_tags` numbers into `patterns`, which hold the tags whose keys were asked for; `way_tagged`
    says whether a way has any tag at all.  `way_start` cuts `refs` into ways.
    """

    node_id: Ints
    lon: Floats
    lat: Floats
    node_tags: dict[int, Tags]
    way_id: Ints
    way_tagged: npt.NDArray[np.bool_]
    way_tags: Ints
    patterns: list[Tags]
    way_start: Ints
    refs: Ints


@dataclass
class _Parts:
    """What the blocks bring, one after the other."""

    node_id: list[Ints] = field(default_factory=list)
    lon: list[Ints] = field(default_factory=list)
    lat: list[Ints] = field(default_factory=list)
    node_tags: dict[int, Tags] = field(default_factory=dict)
    way_id: list[Ints] = field(default_factory=list)
    tagged: list[Ints] = field(default_factory=list)
    pattern: list[int] = field(default_factory=list)
    patterns: dict[tuple[bytes, ...], int] = field(default_factory=dict)
    count: list[Ints] = field(default_factory=list)
    refs: list[Ints] = field(default_factory=list)


def read_columns(path: Path, node_keys: Collection[str], way_keys: Collection[str]) -> Columns:
    """The nodes and ways of a PBF file; raises `Unusual` where osmium should read it.

    All tags of nodes that have one of `node_keys`, and the tags of ways with one of `way_keys`.
    """
    parts = _Parts()
    try:
        for kind, content in _blocks(path):
            if kind == b"OSMHeader":
                _check_header(content)
            elif kind == b"OSMData":
                _take_block(content, _encoded(node_keys), _encoded(way_keys), parts)
        return _columns(parts)
    except (IndexError, ValueError, OverflowError, zlib.error) as error:
        raise Unusual(str(error)) from None


def _encoded(keys: Collection[str]) -> frozenset[bytes]:
    return frozenset(key.encode() for key in keys)


def _columns(parts: _Parts) -> Columns:
    node_id = _joined(parts.node_id)
    if len(node_id) and (node_id[0] < 0 or (np.diff(node_id) <= 0).any()):
        raise Unusual("nodes out of order, twice, or not yet saved")
    lon, lat = _joined(parts.lon) / DEGREE, _joined(parts.lat) / DEGREE
    nowhere = (np.abs(lon) > 180) | (np.abs(lat) > 90)
    lon[nowhere], lat[nowhere] = np.nan, np.nan
    return Columns(
        node_id=node_id,
        lon=lon,
        lat=lat,
        node_tags=parts.node_tags,
        way_id=_joined(parts.way_id),
        way_tagged=_joined(parts.tagged) > 0,
        way_tags=np.array(parts.pattern, dtype=np.int64),
        patterns=[_decoded(pattern) for pattern in parts.patterns],
        way_start=np.append(0, np.cumsum(_joined(parts.count))),
        refs=_joined(parts.refs),
    )


def _joined(arrays: list[Ints]) -> Ints:
    return np.concatenate([np.empty(0, dtype=np.int64), *arrays])


def _decoded(pattern: tuple[bytes, ...]) -> Tags:
    words = [word.decode() for word in pattern]
    return dict(zip(words[::2], words[1::2], strict=True))


# ---- the file: blocks of messages ----


def _blocks(path: Path) -> Iterator[tuple[bytes, bytes]]:
    """The kind and the content of every block."""
    with path.open("rb") as file:
        while size := file.read(4):
            header = dict(_fields(_whole(file.read(length := _big_endian(size)), length)))
            length = header[3]
            yield header[1], _inflated(_whole(file.read(length), length))


def _big_endian(size: bytes) -> int:
    length = int.from_bytes(_whole(size, 4), "big")
    if length > MOST_BYTES:
        raise Unusual("a header too large")
    return length


def _whole(content: bytes, length: int) -> bytes:
    if len(content) != length or length > MOST_BYTES:
        raise Unusual("the file ends within a block")
    return content


def _inflated(blob: bytes) -> bytes:
    fields = dict(_fields(blob))
    if 1 in fields:
        return bytes(fields[1])
    if 3 not in fields or not 0 < fields[2] <= MOST_BYTES:
        raise Unusual("another compression")
    unpacked = zlib.decompressobj()
    return _whole(unpacked.decompress(fields[3], fields[2] + 1), fields[2])


def _check_header(content: bytes) -> None:
    features = [value for number, value in _fields(content) if number in (4, 5)]
    if not FEATURES.issuperset(one for number, one in _fields(content) if number == 4):
        raise Unusual("features of another kind of file")
    if b"LocationsOnWays" in features:
        raise Unusual("places on ways")


def _fields(message: bytes) -> Iterator[tuple[int, Any]]:
    """The fields of a message: number, and an integer or bytes."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        value, at = _varint(message, at)
        if key & 7 == 2:
            yield key >> 3, _whole(message[at : at + value], value)
            at += value
        elif key & 7 == 0:
            yield key >> 3, value
        else:
            raise Unusual("a field of another type")


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at


# ---- a block: strings, nodes, ways ----


def _take_block(
    content: bytes, node_keys: frozenset[bytes], way_keys: frozenset[bytes], parts: _Parts
) -> None:
    strings: list[bytes] = []
    groups = []
    for number, value in _fields(content):
        if number == 1:
            strings = [string for _, string in _fields(value)]
        elif number == 2:
            groups.append(value)
        elif number in (19, 20) and value != 0 or number == 17 and value != 100:
            raise Unusual("another granularity")
    for group in groups:
        kind = group[0] >> 3 if group else 0
        if kind == 2:
            if parts.way_id:
                raise Unusual("nodes after ways")
            _take_nodes(group, strings, node_keys, parts)
        elif kind == 3:
            _take_ways(group, strings, way_keys, parts)
        elif kind == 1:
            raise Unusual("nodes one by one")


def _take_nodes(group: bytes, strings: list[bytes], keys: frozenset[bytes], parts: _Parts) -> None:
    ((_, dense),) = _fields(group)
    fields = dict(_fields(dense))
    ids, lat, lon = (np.cumsum(_signed(_all(fields[number]))) for number in (1, 8, 9))
    if not len(ids) == len(lat) == len(lon):
        raise Unusual("columns of several lengths")
    parts.node_id.append(ids)
    parts.lat.append(lat)
    parts.lon.append(lon)
    words = _all(fields.get(10, b""))
    if len(words):
        _take_node_tags(words, ids, strings, keys, parts)


def _take_node_tags(
    words: Ints, ids: Ints, strings: list[bytes], keys: frozenset[bytes], parts: _Parts
) -> None:
    """`words` are keys and values in turn, a zero after the last of each node."""
    ends = np.flatnonzero(words == 0)
    if len(ends) != len(ids) or ends[-1] != len(words) - 1:
        raise Unusual("tags of other nodes")
    starts = np.append(0, ends[:-1] + 1)
    step = np.arange(len(words)) - np.repeat(starts, np.diff(ends, prepend=-1))
    known = np.array([string in keys for string in strings])
    wanted = np.flatnonzero((step % 2 == 0) & (words != 0) & known[words])
    for node in np.unique(np.searchsorted(ends, wanted)).tolist():
        own = [strings[word] for word in words[starts[node] : ends[node]]]
        parts.node_tags[int(ids[node])] = _decoded(tuple(own))


def _take_ways(group: bytes, strings: list[bytes], keys: frozenset[bytes], parts: _Parts) -> None:
    start, end = _messages(group)
    bytes_ = np.frombuffer(group + bytes(PADDING), dtype=np.uint8)
    way_id, spans = _way_fields(bytes_, start, end)
    key, count = _packed(bytes_, *spans[2])
    value, values = _packed(bytes_, *spans[3])
    if (count != values).any():
        raise Unusual("keys without values")
    delta, refs = _packed(bytes_, *spans[8])
    parts.way_id.append(way_id)
    parts.tagged.append(count)
    parts.count.append(refs)
    parts.refs.append(_running(_signed(delta), refs))
    wanted = np.array([string in keys for string in strings])[key]
    owner = np.repeat(np.arange(len(count)), count)[wanted]
    cut = np.searchsorted(owner, np.arange(len(count) + 1)).tolist()
    pairs = np.column_stack([key[wanted], value[wanted]]).ravel().tolist()
    seen: dict[tuple[int, ...], int] = {}
    for low, high in zip(cut[:-1], cut[1:], strict=True):
        own = tuple(pairs[2 * low : 2 * high])
        if own not in seen:
            pattern = tuple(strings[word] for word in own)
            seen[own] = parts.patterns.setdefault(pattern, len(parts.patterns))
        parts.pattern.append(seen[own])


def _messages(group: bytes) -> tuple[Ints, Ints]:
    """Where the ways of a group begin and end."""
    starts, ends, at, whole = [], [], 0, len(group)
    while at < whole:
        if group[at] != 0x1A:
            raise Unusual("a group of several kinds")
        length = group[at + 1]
        at += 2
        if length >= 128:
            length, at = _varint(group, at - 1)
        starts.append(at)
        at += length
        ends.append(at)
    if at != whole:
        raise Unusual("a way that ends too late")
    return np.array(starts, dtype=np.int64), np.array(ends, dtype=np.int64)


def _way_fields(
    content: Bytes, start: Ints, end: Ints
) -> tuple[Ints, dict[int, tuple[Ints, Ints]]]:
    """The ids of all ways at once, and where their keys (2), values (3) and refs (8) stand."""
    way_id = np.full(len(start), NO_SPAN)
    spans = {number: (start.copy(), np.zeros_like(start)) for number in (2, 3, 8)}
    at, way = start.copy(), np.flatnonzero(start < end)
    while len(way):
        key = content[at[way]].astype(np.int64)
        value, after = _varints(content, at[way] + 1)
        long = key & 7 == 2
        if not (long | (key & 7 == 0)).all() or (key >= 128).any():
            raise Unusual("a field of another type")
        way_id[way[key == 8]] = value[key == 8]
        for number, (begins, length) in spans.items():
            own = key == 8 * number + 2
            if (length[way[own]] > 0).any() or (key == 8 * number).any():
                raise Unusual("a list in parts")
            begins[way[own]], length[way[own]] = after[own], value[own]
        at[way] = np.where(long, after + value, after)
        if (at[way] > end[way]).any() or (value < 0).any():
            raise Unusual("a field that ends too late")
        way = way[at[way] < end[way]]
    if (way_id < 0).any():
        raise Unusual("a way without an id")
    return way_id, spans


# ---- numbers of variable length ----


def _varints(content: Bytes, at: Ints) -> tuple[Ints, Ints]:
    """The numbers that begin at the places `at`, and where they end."""
    value, at = np.zeros(len(at), dtype=np.int64), at.copy()
    going, shift = np.arange(len(at)), 0
    while len(going):
        byte = content[at[going]].astype(np.int64)
        value[going] |= (byte & 127) << shift
        at[going] += 1
        going, shift = going[byte >= 128], shift + 7
        if shift > 63:
            raise Unusual("a number too long")
    return value, at


def _all(packed: bytes) -> Ints:
    """All numbers of one packed list."""
    content = np.frombuffer(packed, dtype=np.uint8)
    return _packed(content, np.zeros(1, dtype=np.int64), np.array([len(packed)]))[0]


def _packed(content: Bytes, start: Ints, length: Ints) -> tuple[Ints, Ints]:
    """The numbers of many packed lists, one after the other, and how many each list holds."""
    before = np.cumsum(length) - length
    taken = content[np.repeat(start - before, length) + np.arange(length.sum())]
    last = taken < 128
    counted = np.append(0, np.cumsum(last))
    count = counted[before + length] - counted[before]
    filled = length > 0
    if not last[(before + length - 1)[filled]].all():
        raise Unusual("a number that does not end")
    ends = np.flatnonzero(last)
    begins = np.append(0, ends[:-1] + 1)[: len(ends)]
    size = ends - begins + 1
    value = np.zeros(len(ends), dtype=np.int64)
    for step in range(int(size.max(initial=0))):
        at = np.flatnonzero(size > step) if step else slice(None)
        value[at] |= (taken[begins[at] + step] & 127).astype(np.int64) << (7 * step)
    return value, count


def _signed(value: Ints) -> Ints:
    """Numbers as they are when even and odd stand for positive and negative."""
    return (value >> 1) ^ -(value & 1)


def _running(delta: Ints, count: Ints) -> Ints:
    """Sums of differences within each list."""
    total = np.append(0, np.cumsum(delta))
    return np.asarray(total[1:] - np.repeat(total[np.cumsum(count) - count], count))
