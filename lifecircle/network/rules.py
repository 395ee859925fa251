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
from typing import Any, Literal, get_args

from lifecircle.base.problems import UsageError

Tags = Mapping[str, str]
Access = Literal["open", "closed", "private", ""]
GateState = Literal["open", "shut", "private"]
AsIs = Literal["asis", "closed", "open"]
Ends = Literal["closed", "ends", "open"]


class Flag(IntFlag):
    """What is to know of an edge besides its length."""

    PRIVATE = 1
    OFF_GROUND = 2
    STEPS = 4
    NO_FORWARD = 8
    NO_BACKWARD = 16
    RAMP = 32
    LIFT = 64
    ACROSS = 128
    """A sight line over a square: walked, but no street that one could attach to."""


@dataclass(frozen=True)
class Policy:
    """What a study decides where tags leave it open; `UsageError` for a value nobody knows."""

    trunk: AsIs = "asis"
    private: Ends = "ends"
    gates: AsIs = "asis"
    indoor: bool = False
    ferries: bool = False

    def __post_init__(self) -> None:
        """Refuse what nobody knows."""
        known = {"trunk": AsIs, "private": Ends, "gates": AsIs}
        for name, values in known.items():
            value = getattr(self, name)
            if value not in get_args(values):
                words = ", ".join(get_args(values))
                raise UsageError(f"unknown policy {name} = {value!r}; known: {words}")


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
def rule_table() -> dict[str, dict[str, tuple[str, ...]]]:
    """The table, each row in its order."""
    text = files("lifecircle.network").joinpath("walk_rules.toml").read_text(encoding="utf-8")
    table: dict[str, Any] = tomllib.loads(text)
    return {room: {key: tuple(row) for key, row in rows.items()} for room, rows in table.items()}


def access_on_foot(tags: Tags) -> Access:
    """What `foot`, and where it decides nothing `access`, say to walkers."""
    return _verdict(tags.get("foot", "")) or _verdict(tags.get("access", ""))


def _verdict(value: str) -> Access:
    for verdict in ("open", "closed", "private"):
        if value in rule_table()["access"][verdict]:
            return verdict
    return ""


def undecided(tags: Tags) -> list[str]:
    """The values of `access`, `foot` and, on nodes, `barrier` that no row lists."""
    rows = rule_table()["barrier"]
    odd = [
        f"{key}={tags[key]}"
        for key in ("foot", "access")
        if key in tags and not _verdict(tags[key])
    ]
    barrier = tags.get("barrier", "")
    if barrier and barrier not in rows["passed"] + rows["shut"]:
        odd.append(f"barrier={barrier}")
    return odd


def decide_way(tags: Tags, policy: Policy) -> Decision:
    """Whether a way is walked, and with which flags.

    The reasons: `never`, `foot_only`, `trunk`, `expressway`, `indoor`, `unlisted`, `ferry`,
    `no_highway` (no street at all), `no_foot`, `private`.
    """
    access = access_on_foot(tags)
    # Only `foot` opens what is closed to walkers by its class: access=yes is said to drivers.
    reason = _closed_by_class(tags, _verdict(tags.get("foot", "")) == "open", policy)
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
    classes = highway_classes(tags)
    reasons = [_closed_class(value, tags, foot_opens, policy) for value in classes]
    if has_any(tags, rule_table()["other"]["walked"]) and "never" not in reasons:
        reasons.append("")
    if not reasons and has_any(tags, rule_table()["other"]["ferry"]):
        # foot=yes on a ferry says that it takes walkers, not that it is a way to walk.
        reasons.append("" if policy.ferries else "ferry")
    if not reasons:
        return "no_highway"
    if "" not in reasons:
        return reasons[0]
    inside = tags.get("indoor") in ("yes", "corridor")
    return "indoor" if inside and not policy.indoor else ""


def _closed_class(value: str, tags: Tags, foot_opens: bool, policy: Policy) -> str:
    """The reason why one value of `highway` closes a way, or nothing."""
    rows = rule_table()["highway"]
    if value in rows["never"]:
        return "never"
    if value in rows["indoor"]:
        return "" if policy.indoor else "indoor"
    if foot_opens:
        return ""
    if value in rows["trunk"] and policy.trunk != "asis":
        return "trunk" if policy.trunk == "closed" else ""
    if has_any(tags, rule_table()["expressway"]["tags"]):
        return "expressway"
    if value in rows["walked"] + rows["trunk"] or (value == "platform" and is_square(tags)):
        return ""
    return "foot_only" if value in rows["foot_only"] else "unlisted"


def highway_classes(tags: Tags) -> list[str]:
    """The values of `highway`, which may be several."""
    return [value.strip() for value in tags.get("highway", "").split(";") if value.strip()]


def kind_of_no_street(tags: Tags) -> str:
    """What a way is that is no street: `power`, `railway` … `other`, or `untagged`."""
    kinds = rule_table()["other"]["kinds"]
    return next((kind for kind in kinds if kind in tags), "other" if tags else "untagged")


def has_any(tags: Tags, pairs: tuple[str, ...]) -> bool:
    """Whether one of the `pairs` (key=value) is among the tags."""
    return any(f"{key}={value}" in pairs for key, value in tags.items())


def _flags(tags: Tags) -> Flag:
    classes, rows = highway_classes(tags), rule_table()["oneway"]
    flags = {
        Flag.OFF_GROUND: not on_ground(tags),
        Flag.STEPS: "steps" in classes,
        Flag.RAMP: "steps" in classes and tags.get("ramp") == "yes",
        Flag.LIFT: "elevator" in classes,
        Flag.NO_FORWARD: has_any(tags, rows["no_forward"]),
        Flag.NO_BACKWARD: has_any(tags, rows["no_backward"]),
    }
    return Flag(sum(flag for flag, carried in flags.items() if carried))


def on_ground(tags: Tags) -> bool:
    """True on layer 0 or none, no tunnel, no indoor; a bridge without a layer is up."""
    if tags.get("tunnel", "no") != "no" or tags.get("indoor", "no") != "no":
        return False
    default = "1" if tags.get("bridge", "no") != "no" else "0"
    return tags.get("layer", default).strip() in ("0", "")


def step_count(tags: Tags) -> float:
    """Steps of a way as mapped; 0 where it has none, NaN where their number is not given."""
    if "steps" not in highway_classes(tags):
        return 0.0
    count = tags.get("step_count", "").strip()
    return float(count) if count.isdecimal() else float("nan")


def is_square(tags: Tags) -> bool:
    """Whether a closed way or relation is an area that is crossed freely, if it is walked."""
    area = tags.get("area") == "yes" or tags.get("type") == "multipolygon"
    return area and "building" not in tags and has_any(tags, rule_table()["square"]["tags"])


def delay_at_node(tags: Tags) -> Literal["", "signal", "lift"]:
    """What delays who passes a node."""
    rows = rule_table()["delay"]
    if has_any(tags, rows["signal"]):
        return "signal"
    return "lift" if has_any(tags, rows["lift"]) else ""


def decide_node(tags: Tags, policy: Policy) -> GateState:
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
