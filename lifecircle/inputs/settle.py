"""The datum of a file: as declared, unless its own rows contradict it; else as its rows tell."""

from __future__ import annotations

from lifecircle.base.geo import Floats
from lifecircle.base.problems import Problem
from lifecircle.inputs.datum import SHIFTED, in_china_box
from lifecircle.inputs.hypotheses import NOTHING, Witnesses, weigh_datum
from lifecircle.inputs.stated import Positions
from lifecircle.sources import Source


def settle_datum(
    problems: list[Problem],
    degrees: tuple[Floats, Floats],
    stated: Positions,
    declared: str | None,
    source: Source,
    witnesses: Witnesses | None,
) -> str:
    """The datum of `degrees`: wgs84, gcj02 or bd09; what it rests on is added to `problems`.

    `declared` None asks the rows.  Where they tell another datum than the declared one, or no
    datum and none is declared, the source is refused; outside China no datum shifts, and nothing
    is asked.
    """
    shift = in_china_box(*degrees)
    finding = NOTHING
    if shift.any() and witnesses is not None:
        lon, lat = degrees
        finding = weigh_datum(lon[shift], lat[shift], stated[shift], witnesses)
    own = declared if declared in SHIFTED else "wgs84"
    details: dict[str, object] = {
        "evidence": finding.evidence(),
        "found": finding.winner,
        "declared": declared,
    }
    if finding.winner == "twice":
        problems.append(
            Problem("datum_twice", "refused", source.name, column="datum", details=details)
        )
    elif declared is None:
        _say_undeclared(problems, bool(shift.any()), details, source)
    elif finding.winner is not None and finding.winner != own:
        problems.append(
            Problem("datum_contradicted", "refused", source.name, column="datum", details=details)
        )
    found = finding.winner if finding.winner in ("wgs84", "gcj02", "bd09") else None
    return own if declared is not None else found or "wgs84"


def _say_undeclared(
    problems: list[Problem], shifts: bool, details: dict[str, object], source: Source
) -> None:
    if details["found"]:
        problems.append(
            Problem("datum_found", "noted", source.name, column="datum", details=details)
        )
    elif shifts:
        problems.append(
            Problem("datum_unsure", "refused", source.name, column="datum", details=details)
        )
    else:
        problems.append(Problem("datum_assumed", "noted", source.name, column="datum", details={}))
