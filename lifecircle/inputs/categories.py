"""Which services a row offers: one for all, by a category, by Amap's code, or by its name."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from functools import cache
from importlib.resources import files

import geopandas as gpd
import pandas as pd

from lifecircle.base.problems import InputRefused, Problem
from lifecircle.inputs.cells import nearest, normal, normals
from lifecircle.inputs.sieve import Sieve
from lifecircle.sources import FacilitySource
from lifecircle.standards.catalogue import Standard, matches_name

Offered = tuple[str, ...]

MOST_UNMAPPED = 0.01
"""A file with a larger share of rows in unmapped categories is refused."""

FEW_UNMAPPED = 1
"""One row is a slip, however small the file."""


def unknown_services(source: FacilitySource, services: Collection[str]) -> list[Problem]:
    """Refusals of services that the study names and the standard does not have."""
    named = [("service", source.service)] if source.service else []
    named += [(f"services.{value}", one) for value, given in mapped(source) for one in given]
    return [
        Problem(
            "service_unknown",
            "refused",
            source.name,
            column=f"facilities.{key}",
            value=service,
            details={"nearest": nearest(service, services) or "-"},
        )
        for key, service in named
        if service not in services
    ]


def mapped(source: FacilitySource) -> list[tuple[str, Offered]]:
    """The values of the category column, and the services of each."""
    return [
        (value, (given,) if isinstance(given, str) else given)
        for value, given in source.services.items()
    ]


def give_services(
    sieve: Sieve[gpd.GeoDataFrame],
    source: FacilitySource,
    column: Mapping[str, str | None],
    standard: Standard | None,
) -> None:
    """Add `offered`, a tuple of services, to the rows; those that offer none are excluded."""
    rows = sieve.rows
    if source.service is not None:
        offered = pd.Series([(source.service,)] * len(rows), index=rows.index, dtype=object)
        sieve.rows = rows.assign(offered=offered)
    elif source.classify is None:
        services = {normal(value): tuple(dict.fromkeys(given)) for value, given in mapped(source)}
        _by_category(sieve, services, str(column["category"]))
    else:
        assert standard is not None, "whoever allows `classify` gives the standard"
        role = {"name": "name", "amap": "typecode", "service": "category"}[source.classify]
        own = _required(column, role, source)
        if source.classify == "service":
            _by_category(sieve, _names_of(standard), own)
        else:
            rule = _ByName(standard) if source.classify == "name" else _ByCode(standard)
            _by_rule(sieve, own, rule)


def _required(column: Mapping[str, str | None], role: str, source: FacilitySource) -> str:
    name = column.get(role)
    if name is None:
        details = {"columns": ", ".join(sorted(filter(None, column.values())))}
        problem = Problem("column_missing", "refused", source.name, column=role, details=details)
        raise InputRefused([problem])
    return name


class _ByName(dict[str, Offered]):
    """Services by name, worked out once for each name."""

    def __init__(self, standard: Standard) -> None:
        super().__init__()
        self.standard = standard

    def __missing__(self, name: str) -> Offered:
        services = self.standard.services
        found = tuple(s.id for s in services if matches_name(s, self.standard, name))
        self[name] = found
        return found


@cache
def amap_codes() -> dict[str, str]:
    """The service of each Amap code."""
    text = files("lifecircle.inputs").joinpath("amap.toml").read_text(encoding="utf-8")
    return {code: service for service, codes in tomllib.loads(text).items() for code in codes}


class _ByCode(dict[str, Offered]):
    """Services by Amap code; a place may have several codes, joined by |."""

    def __init__(self, standard: Standard) -> None:
        super().__init__()
        codes = amap_codes().items()
        self.codes = {code: service for code, service in codes if service in standard.ids}

    def __missing__(self, cell: str) -> Offered:
        codes = [code.strip() for code in cell.split("|")]
        found = tuple(dict.fromkeys(self.codes[code] for code in codes if code in self.codes))
        self[cell] = found
        return found


def _by_rule(sieve: Sieve[gpd.GeoDataFrame], column: str, services: Mapping[str, Offered]) -> None:
    """Rows that the rule gives no service are left out, counted by what they hold."""
    offered = sieve.rows[column].map(lambda cell: services[cell])
    none = (offered.map(len) == 0).to_numpy(dtype=bool)
    count = int(none.sum())
    if count:
        details = {"count": count, "total": len(none)}
        problem = Problem(
            "rule_no_service", "excluded", sieve.source, column=column, details=details
        )
        sieve.problems.append(problem)
    sieve.rows = sieve.rows.assign(offered=offered)[~none]


def _names_of(standard: Standard) -> dict[str, Offered]:
    """The services by their ids and by their names in both languages."""
    return {
        normal(word): (service.id,)
        for service in standard.services
        for word in (service.name_en, service.name_zh, service.id)
    }


def _by_category(
    sieve: Sieve[gpd.GeoDataFrame], services: Mapping[str, Offered], column: str
) -> None:
    """Leave out categories mapped to nothing, and those not mapped, each counted."""
    offered = normals(sieve.rows[column]).map(dict(services))
    unmapped = offered.isna().to_numpy(dtype=bool)
    counts = sieve.rows[column][unmapped].value_counts()
    sieve.exclude(unmapped, "category_unmapped", column)
    if unmapped.sum() > max(FEW_UNMAPPED, MOST_UNMAPPED * len(unmapped)):
        listed = ", ".join(f"{value or '–'} ({count})" for value, count in counts.items())
        details = {"count": int(unmapped.sum()), "total": len(unmapped), "categories": listed}
        sieve.refuse("categories_unmapped", column, "", **details)
    offered = offered[~unmapped]
    unwanted = offered.map(len).to_numpy(dtype=int) == 0
    for value, count in sieve.rows[column][unwanted].value_counts(sort=False).items():
        sieve.problems.append(
            Problem(
                "category_unwanted",
                "excluded",
                sieve.source,
                column=column,
                value=str(value),
                details={"count": int(count)},
            )
        )
    sieve.rows = sieve.rows.assign(offered=offered)[~unwanted]
