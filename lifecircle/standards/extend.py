"""A standard changed in a few lines: entries with a known id change it, others are added."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from lifecircle.base.model import key_problems
from lifecircle.base.problems import Problem, StudyRefused
from lifecircle.standards.catalogue import Standard

KINDS = ("services", "headlines", "combinations")
OWN_LIMIT = "本项目设定 set in {file}"
"""The origin of a limit that a study gives without one."""

Entry = dict[str, Any]
Origins = dict[tuple[str, int], int]
"""For a kind and the place of an entry in the whole: its place in the changes."""


def extended(base: Standard, changes: Mapping[str, Any], file: Path, prefix: str = "") -> Standard:
    """`base` with `changes`, as a study or a standard's file gives them.

    An entry of `services`, `headlines` or `combinations` changes the one with its id key by key,
    or is added; `remove` lists ids that go, from headlines and combinations too; other keys
    replace those of the standard.  A limit given without `limit_source` is marked as the study's
    own, of confidence M.  `prefix` is where the changes stand in `file`.  Raises `StudyRefused`
    with the full path of every key that does not fit.
    """
    problems = _misshapen(changes, base, file, prefix)
    if problems:
        raise StudyRefused(problems)
    whole: Entry = base.model_dump(exclude_defaults=True)
    gone = set(changes.get("remove", ()))
    origins: Origins = {}
    for kind in KINDS:
        kept = [entry for entry in whole.get(kind, ()) if entry["id"] not in gone]
        whole[kind] = [_without_members(entry, gone) for entry in kept]
        _merge(whole[kind], changes.get(kind, ()), kind, origins, file)
    whole |= {key: value for key, value in changes.items() if key not in (*KINDS, "remove")}
    whole["id"] = changes.get("id", f"{base.id}+{file.stem}")
    try:
        return Standard.model_validate(whole)
    except ValidationError as error:
        found = key_problems(error, file, frozenset())
        raise StudyRefused([_placed(problem, origins, prefix) for problem in found]) from None


def _misshapen(
    changes: Mapping[str, Any], base: Standard, file: Path, prefix: str
) -> list[Problem]:
    """What keeps the changes from being put together at all."""
    wrong = []
    for kind in KINDS:
        entries = changes.get(kind, [])
        if not isinstance(entries, list) or not all(isinstance(one, dict) for one in entries):
            wrong.append((kind, f"must be tables: [[{prefix}{kind}]]"))
            continue
        wrong += [
            (f"{kind}.{place}.id", "an entry needs the id of what it changes or adds")
            for place, entry in enumerate(entries)
            if "id" not in entry
        ]
    known = {rule.id for rule in (*base.services, *base.headlines)}
    known |= {combination.id for combination in base.combinations}
    remove = changes.get("remove", [])
    if not isinstance(remove, list):
        wrong.append(("remove", "must be a list of ids"))
        remove = []
    wrong += [
        (f"remove.{place}", f"{base.id} has no {name}")
        for place, name in enumerate(remove)
        if name not in known
    ]
    return [
        Problem("key_value", "refused", file.name, column=prefix + key, details={"message": text})
        for key, text in wrong
    ]


def _without_members(entry: Entry, gone: set[str]) -> Entry:
    members = entry.get("members")
    if members is None:
        return entry
    return entry | {"members": tuple(member for member in members if member not in gone)}


def _merge(
    whole: list[Entry], entries: list[Entry], kind: str, origins: Origins, file: Path
) -> None:
    places = {entry["id"]: place for place, entry in enumerate(whole)}
    for number, entry in enumerate(entries):
        place = places.get(entry["id"])
        if place is None:
            place = len(whole)
            whole.append({})
        whole[place] = _changed(whole[place], entry, kind, file)
        origins[kind, place] = number


def _changed(old: Entry, new: Entry, kind: str, file: Path) -> Entry:
    """`old` with `new`; a new limit leaves nothing of the old one's origin standing."""
    if "limit_m" not in new or kind == "combinations":
        return old | new
    of_limit = ("limit_lower_m", "limit_source", "by_area", "mode", "confidence")
    rest = {key: value for key, value in old.items() if key not in of_limit}
    own = {"limit_source": OWN_LIMIT.format(file=file.name), "confidence": "M"}
    return {"clause": own["limit_source"]} | rest | own | new


def _placed(problem: Problem, origins: Origins, prefix: str) -> Problem:
    """`problem` with the path its key has in the changes."""
    path = problem.column.split(".")
    if len(path) > 1 and path[0] in KINDS and path[1].isdigit():
        number = origins.get((path[0], int(path[1])))
        path[1] = path[1] if number is None else str(number)
    return Problem(
        problem.code,
        problem.action,
        problem.source,
        column=prefix + ".".join(path),
        details=problem.details,
    )
