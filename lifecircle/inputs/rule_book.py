"""What a study says of the rule itself: its standard, kinds of area, and denominators."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import cast, get_args

import geopandas as gpd

from lifecircle.base.problems import Problem, StudyRefused
from lifecircle.base.tables import DENOMINATORS, STREETS
from lifecircle.sources import Denominator
from lifecircle.standards.catalogue import Standard, load_standard
from lifecircle.standards.extend import extended
from lifecircle.study import Study

OWN = "study"
"""Among the names of standards: the study's own, with its changes."""


def study_standard(study: Study) -> Standard:
    """The study's standard with the study's own changes; a path starts at the study file."""
    name, target = study.study.standard, study.study.target
    standard = load_standard(study.file.parent / name if name.endswith(".toml") else name)
    if study.standard:
        standard = extended(standard, study.standard, study.file, "standard.")
    if target is None:
        return standard
    headlines = [headline.model_copy(update={"target": target}) for headline in standard.headlines]
    return standard.model_copy(update={"target": target, "headlines": tuple(headlines)})


def limited_to(study: Study, standard: Standard) -> Study:
    """`study` without the facilities and kinds of area that `standard` does not know."""
    known = set(standard.ids)
    sources = []
    for source in study.facilities:
        services = {
            value: tuple(one for one in _several(given) if one in known)
            for value, given in source.services.items()
        }
        only = tuple(one for one in source.only if one in known)
        if (source.service or source.only) and source.service not in known and not only:
            continue
        if source.services and not any(services.values()):
            continue
        sources.append(source.model_copy(update={"services": services, "only": only}))
    kinds = study.units.area_kinds.items()
    kept = {kind: names for kind, names in kinds if kind in standard.area_kinds}
    units = study.units.model_copy(update={"area_kinds": kept})
    if not sources:
        details = {"services": ", ".join(sorted(known))}
        code = "standards_without_facilities"
        raise StudyRefused([Problem(code, "refused", study.file.name, details=details)])
    return with_options(study, facilities=tuple(sources), units=units)


def under_standard(study: Study, name: str) -> Study:
    """`study` under another standard, a name or the path of a file; "study" leaves it its own."""
    if name == OWN:
        return study
    path = str(Path(name).resolve()) if name.endswith(".toml") else name
    options = study.study.model_copy(update={"standard": path})
    return with_options(study, study=options, standard={})


def checked_denominators(names: Sequence[str]) -> tuple[Denominator, ...] | None:
    """Denominators from the command line; None for none.  Raises `StudyRefused`."""
    known = get_args(Denominator)
    problems = [
        Problem("denominator_unknown", "refused", "--denominator", value=name, details=details)
        for name in names
        for details in [{"there": ", ".join(known)}]
        if name not in known
    ]
    if problems:
        raise StudyRefused(problems)
    return cast("tuple[Denominator, ...]", tuple(names)) or None


def with_options(of: Study, /, **fields: object) -> Study:
    """A study with other fields, and still of the same file."""
    changed = of.model_copy(update=fields)
    changed._file = of.file
    return changed


def _several(given: str | tuple[str, ...]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else given


def with_area_kinds(units: gpd.GeoDataFrame, study: Study, standard: Standard) -> gpd.GeoDataFrame:
    """`units` with the kind of area that the study gives each, by id or name.

    Raises `StudyRefused` for a kind that no limit of the standard knows, and for a unit that is
    not there or has two kinds.
    """
    given, kinds = study.units.area_kinds, standard.area_kinds
    problems, of_unit = [], dict(zip(units["unit_id"], units["area_kind"], strict=True))
    seen: set[str] = set()
    for kind, words in given.items():
        if kind not in kinds:
            known = ", ".join(kinds) or "–"
            problems.append(_problem(study, kind, "area_kind_unknown", kind, kinds=known))
        for number, word in enumerate(words):
            ids = units.loc[(units["unit_id"] == word) | (units["name"] == word), "unit_id"]
            code = "area_kind_twice" if seen & set(ids) else "area_kind_unit"
            if seen & set(ids) or ids.empty:
                problems.append(_problem(study, f"{kind}.{number}", code, word))
            seen |= set(ids)
            of_unit |= dict.fromkeys(ids, kind)
    if problems:
        raise StudyRefused(problems)
    return units.assign(area_kind=[of_unit[unit] for unit in units["unit_id"]])


def _problem(study: Study, key: str, code: str, value: str, **details: object) -> Problem:
    key = f"units.area_kinds.{key}"
    return Problem(code, "refused", study.file.name, column=key, value=value, details=details)


def refuse_denominators(study: Study, demand: gpd.GeoDataFrame) -> None:
    """Raise `StudyRefused` for each denominator of the study that its inputs cannot give."""
    carried = [weight for weight in DENOMINATORS if demand[weight].notna().any()]
    there = [*carried, STREETS]
    problems = [
        Problem(
            "denominator_without_data",
            "refused",
            study.file.name,
            column=f"study.denominators.{number}",
            value=name,
            details={"there": ", ".join(there)},
        )
        for number, name in enumerate(study.study.denominators or ())
        if name not in there
    ]
    if problems:
        raise StudyRefused(problems)
