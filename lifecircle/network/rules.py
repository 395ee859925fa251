"""Which ways are walked, decided from OSM tags by the table `walk_rules.toml`.

Pure functions from tags to a decision; nothing here reads a map.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntFlag
from functools import cache
from importlib.resources import files
from typing import Any, Literal

Tags = Mapping[str, str]
Access = Literal["open", "closed", "private", ""]


class Flag(IntFlag):
    """What is to know of an edge besides its length."""

    PRIVATE = 1
    OFF_GROUND = 2
    STEPS = 4
    NO_FORWARD = 8
    NO_BACKWARD = 16


@dataclass(frozen=True)
class Policy:
    """What a study decides where tags leave it open."""

    trunk: Literal["asis", "closed", "open"] = "asis"
    private: Literal["closed", "ends", "open"] = "ends"
    gates: Literal["asis", "closed", "open"] = "asis"


@dataclass(frozen=True)
class Decision:
    """Walked with `flags`, or left out for `reason`."""

    reason: str = ""
    flags: Flag = Flag(0)

    @property
    def walked(self) -> bool:
        """True if the way is part of the network."""
        return not self.reason


@cache
def rule_table() -> dict[str, dict[str, frozenset[str]]]:
    """The table as sets."""
    text = files("lifecircle.network").joinpath("walk_rules.toml").read_text(encoding="utf-8")
    table: dict[str, Any] = tomllib.loads(text)
    return {
        room: {key: frozenset(values) for key, values in rows.items()}
        for room, rows in table.items()
    }


def access_on_foot(tags: Tags) -> Access:
    """What `foot`, and where it decides nothing `access`, say to walkers."""
    for key in ("foot", "access"):
        for verdict in ("open", "closed", "private"):
            if tags.get(key) in rule_table()["access"][verdict]:
                return verdict
    return ""


def decide_way(tags: Tags, policy: Policy) -> Decision:
    """Whether a way is walked, and with which flags.

    The reasons: `never`, `foot_only`, `trunk`, `expressway`, `indoor`, `unlisted`, `no_highway`,
    `no_foot`, `private`.
    """
    access = access_on_foot(tags)
    reason = _closed_by_class(tags, access == "open", policy)
    if not reason and access == "closed":
        reason = "no_foot"
    if not reason and access == "private" and policy.private == "closed":
        reason = "private"
    if reason:
        return Decision(reason)
    private = access == "private" and policy.private == "ends"
    return Decision(flags=_flags(tags) | (Flag.PRIVATE if private else Flag(0)))


def _closed_by_class(tags: Tags, foot_opens: bool, policy: Policy) -> str:
    """The reason why a way's class closes it, or nothing."""
    table = rule_table()
    classes = {value.strip() for value in tags.get("highway", "").split(";") if value.strip()}
    if classes & table["highway"]["never"]:
        return "never"
    if (
        tags.get("indoor") in ("yes", "corridor")
        or classes
        and classes <= table["highway"]["indoor"]
    ):
        return "indoor"
    if not foot_opens and _has_any(tags, table["expressway"]["tags"]):
        return "expressway"
    if classes & table["highway"]["walked"] or _has_any(tags, table["other"]["walked"]):
        return ""
    if not classes:
        return "no_highway"
    if classes & table["highway"]["trunk"]:
        return "trunk" if policy.trunk == "closed" and not foot_opens else ""
    if foot_opens:
        return ""
    return "foot_only" if classes & table["highway"]["foot_only"] else "unlisted"


def _has_any(tags: Tags, pairs: frozenset[str]) -> bool:
    return any(f"{key}={value}" in pairs for key, value in tags.items())


def _flags(tags: Tags) -> Flag:
    flags = Flag(0)
    if not on_ground(tags):
        flags |= Flag.OFF_GROUND
    if "steps" in tags.get("highway", ""):
        flags |= Flag.STEPS
    oneway, conveying = tags.get("oneway:foot"), tags.get("conveying")
    if oneway == "-1" or tags.get("foot:forward") == "no" or conveying == "backward":
        flags |= Flag.NO_FORWARD
    if oneway == "yes" or tags.get("foot:backward") == "no" or conveying == "forward":
        flags |= Flag.NO_BACKWARD
    return flags


def on_ground(tags: Tags) -> bool:
    """True on layer 0 or none, no tunnel, no indoor; a bridge without a layer is up."""
    if tags.get("tunnel", "no") != "no" or tags.get("indoor", "no") != "no":
        return False
    default = "1" if tags.get("bridge", "no") != "no" else "0"
    return tags.get("layer", default).strip() in ("0", "")


def decide_node(tags: Tags, policy: Policy) -> Literal["open", "shut", "private"]:
    """What a barrier on a node does to the ways that meet there."""
    table = rule_table()["barrier"]
    barrier = tags.get("barrier", "")
    if barrier in table["shut"]:
        return "shut"
    if barrier not in table["passed"]:
        return "open"
    if barrier in table["gates"] and policy.gates != "asis":
        return "open" if policy.gates == "open" else "shut"
    access = access_on_foot(tags)
    if access == "closed" or tags.get("locked") == "yes":
        return "shut"
    if access != "private" or policy.private == "open":
        return "open"
    return "private" if policy.private == "ends" else "shut"
