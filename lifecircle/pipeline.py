"""The order of the steps of a run, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import pandas as pd

from lifecircle.base.cores import both
from lifecircle.base.problems import Problem, refuse_if_any
from lifecircle.base.tables import STREETS
from lifecircle.inputs.candidates import candidate_source, read_candidates
from lifecircle.inputs.gather import Inputs, Progress, read_inputs
from lifecircle.inputs.lists import study_targets
from lifecircle.inputs.osm_around import read_around
from lifecircle.inputs.rule_book import OWN, limited_to, under_standard, with_options
from lifecircle.inputs.walkers import walked_standard
from lifecircle.measures.coverage import coverage
from lifecircle.measures.facts import Choices, Facts
from lifecircle.measures.policy import Policy, policy
from lifecircle.measures.result import (
    Result,
    demand_with_metres,
    facilities_with_attachment,
    unattached_demand,
    unattached_facilities,
)
from lifecircle.measures.rule_book import rule_book
from lifecircle.measures.streets import Streets
from lifecircle.network.quality import dead_gates, network_quality
from lifecircle.network.walk import Minutes, in_network_crs, walk_minutes
from lifecircle.siting import choose, gaps
from lifecircle.siting.candidates import EXISTING, existing_candidates
from lifecircle.siting.choose import Aim, Siting
from lifecircle.siting.evidence import gap_evidence
from lifecircle.siting.suggest import refuse_unknown_sites, suggested_sites
from lifecircle.sources import Denominator
from lifecircle.standards.catalogue import Standard
from lifecircle.standards.union import batches, union
from lifecircle.study import Study


def silent(stage: str) -> None:
    """Progress that nobody watches."""


def run(study: Study, progress: Progress = silent) -> Result:
    """Read the inputs of `study`, walk, and measure; nothing is written.

    Raises `StudyRefused` or `InputRefused` before any work where an input cannot be used.
    """
    inputs = read_inputs(study, progress)
    refuse_unknown_sites(study, inputs.standard)
    progress("walk")
    cap_m, chosen = study.network.max_attach_m, study.study.denominators
    minutes = walked(study, inputs, inputs.services, cap_m)
    progress("coverage")
    caps = (cap_m / 2, 2 * cap_m) if study.study.sensitivity else ()
    headlines = headline_services(inputs)
    # One after the other: each is as large as the walks themselves.
    attached = ((cap, walked(study, inputs, headlines, cap, before=minutes)) for cap in caps)
    facilities = facilities_with_attachment(inputs.facilities, minutes)
    lost = unattached_facilities(facilities)
    tables = (minutes, inputs.demand.table, inputs.units, inputs.standard, chosen)
    rules, coverages = both(
        lambda: rule_book(inputs.network, *tables, attached),
        lambda: coverage(*tables, streets(study, inputs, minutes)),
    )
    beside = policy_of(study, inputs, minutes, coverages)
    measured = Result(
        study=study,
        standard=inputs.standard,
        network=inputs.network,
        units=inputs.units,
        facilities=facilities,
        demand=demand_with_metres(rules.demand, minutes),
        minutes=minutes,
        coverage=coverages,
        rules=rules,
        policy=beside,
        base_map=inputs.base_map,
        problems=(
            *inputs.problems,
            *lost,
            *unattached_demand(minutes),
            *beside.problems,
        ),
        account=account(inputs, minutes, lost),
        network_quality=quality(inputs, minutes),
    )
    progress("places")
    return with_places(measured)


def quality(inputs: Inputs, minutes: Minutes) -> gpd.GeoDataFrame:
    """What is amiss with the streets as they are mapped, with who lives and stands where."""
    network, mapped = inputs.network, inputs.mapped
    assert network.crs is not None, "a network from an extract lies on the earth"
    residents = inputs.demand.table["residents"].fillna(0).to_numpy(dtype=float)
    return network_quality(
        network,
        mapped.left_out,
        mapped.left_out_m,
        dead_gates(mapped.ways, mapped.gates, network.crs),
        mapped.sidewalk_elsewhere,
        mapped.footways,
        (minutes.attachment, residents),
        minutes.entrances.attachment,
        inputs.units,
    )


def with_places(result: Result) -> Result:
    """`result` with its gaps, and the next sites that its study asks for."""
    around = in_network_crs(result.network, read_around(result.study.network.path))
    supplies = study_targets(result.study).supplies
    found = gaps.find_gaps(result, around=around, supplies=supplies)
    wanted = result.study.sites
    sites = suggested_sites(result, wanted.services, wanted.count, around)
    problems = (*result.problems, *sites.problems)
    return replace(result, gaps=found, sites=sites.table, problems=problems)


def find_gaps(
    result: Result, denominator: str | None = None, services: Sequence[str] | None = None
) -> gpd.GeoDataFrame:
    """The GAPS table of a run, the most people first: where, why, and what is near.

    `denominator` is what targets are held against (default: residents where there are any);
    `services` are ids of services and headlines (default: all that were measured).
    """
    around = read_around(result.study.network.path)
    supplies = study_targets(result.study).supplies
    return gaps.find_gaps(result, denominator, services, around, supplies)


def choose_sites(
    result: Result,
    services: str | Sequence[str],
    count: int | None = None,
    aim: Aim = "people",
    denominator: str | None = None,
    under_target: bool = False,
    with_unknown: bool = False,
    candidates: str | Path | gpd.GeoDataFrame | None = None,
    budget: float | None = None,
    **columns: str | None,
) -> Siting:
    """The best next sites for one service, or for several in shared buildings (一点多用).

    The aim is the most `people` newly covered by `count` sites (default: 5) or within a `budget`,
    the fewest sites that bring every unit to its `target`, or the shortest `mean` walk;
    `under_target` counts gains only in units below their target, `with_unknown` also near the
    edge of the data.  `candidates` is a file (`columns`: datum, id, name, lon, lat, cost, and
    beds, places or floor_area_m2 as its capacity), a table with candidate_id, name, geometry and
    such amounts, or "existing" (or "existing:service,…"): facilities that could take the service
    in; by default junctions and homes.  With capacities a site serves no more people than the
    norm of the policy's targets lets it.  Raises `InputRefused` for candidates that cannot be
    used and `UsageError` for arguments that cannot be meant.
    """
    names = [services] if isinstance(services, str) else list(services)
    problems: tuple[Problem, ...] = ()
    if isinstance(candidates, str) and candidates.partition(":")[0] == EXISTING:
        hosts = [host for host in candidates.partition(":")[2].split(",") if host]
        candidates = existing_candidates(result, names, hosts)
    elif isinstance(candidates, str | Path):
        reading = read_candidates(
            candidate_source(Path(candidates), columns), result.study, result.units, result.network
        )
        refuse_if_any(reading.problems)
        candidates, problems = reading.table, reading.problems
    siting = choose.choose_sites(
        result,
        names,
        count,
        aim,
        denominator,
        under_target,
        with_unknown,
        candidates,
        read_around(result.study.network.path),
        budget,
        study_targets(result.study).supplies,
    )
    return replace(siting, problems=(*problems, *siting.problems))


def evidence(result: Result, count: int) -> gpd.GeoDataFrame:
    """The EVIDENCE table of the largest gaps of `result`, for sheets."""
    around = read_around(result.study.network.path)
    supplies = study_targets(result.study).supplies
    return gap_evidence(result, result.gaps.head(count), around, supplies)


def standards_under(study: Study, names: Sequence[str]) -> list[Standard]:
    """The standards with these names, each once, at the pace of whoever walks in `study`."""
    standards = (walked_standard(under_standard(study, name), name == OWN) for name in names)
    return list({one.id: one for one in standards}.values())


def policy_of(study: Study, inputs: Inputs, minutes: Minutes, coverages: pd.DataFrame) -> Policy:
    """What the policy asks beside coverage: targets, supply against demand, fairness."""
    chosen, cap_m = study.indicators, study.network.max_attach_m

    def walk_as(profile: str, services: Sequence[str]) -> Minutes:
        return walked(study, inputs, services, cap_m, profile, minutes)

    facts = Facts(
        network=inputs.network,
        units=inputs.units,
        facilities=inputs.facilities,
        demand=inputs.demand.table,
        minutes=minutes,
        standard=inputs.standard,
        coverage=coverages,
        lists=inputs.lists.table,
        declared=inputs.lists.declared,
        choices=Choices(
            chosen.commerce_limit_m,
            chosen.locker_m,
            chosen.central,
            chosen.whole_city,
            chosen.old_before,
        ),
        walk_as=walk_as,
    )
    return policy(inputs.targets, facts, study.report_date.year, study.study.language)


def compare_standards(
    study: Study,
    names: Sequence[str],
    denominators: Sequence[Denominator] | None = None,
    progress: Progress = silent,
) -> pd.DataFrame:
    """The COVERAGE tables of `study` under several standards, one after the other.

    A column `standard` comes first.  `names` are bundled standards or paths of .toml files, and
    `study` stands for the study's own with its changes.  Standards that agree on what the
    facilities of a service are share one walk.  Raises as `run` does.
    """
    standards = standards_under(study, names)
    options = study.study.model_copy(update={"denominators": denominators})
    study = with_options(study, study=options)
    tables: dict[str, pd.DataFrame] = {}
    for batch in batches(standards):
        whole = union(batch)
        limited = limited_to(study, whole)
        inputs = read_inputs(limited, progress, whole)
        progress("walk")
        minutes = walked(limited, inputs, inputs.services, limited.network.max_attach_m)
        progress("coverage")
        ways = streets(limited, inputs, minutes)
        for standard in batch:
            measured = (minutes, inputs.demand.table, inputs.units, standard, denominators, ways)
            tables[standard.id] = coverage(*measured)
    ordered = [tables[one.id].assign(standard=one.id) for one in standards]
    table = pd.concat(ordered, ignore_index=True)
    return table[["standard", *table.columns.drop("standard")]]


def walked(
    study: Study,
    inputs: Inputs,
    services: Sequence[str],
    cap_m: float,
    profile: str | None = None,
    before: Minutes | None = None,
) -> Minutes:
    """The walks to `services`, with a cap on how far places may lie from their street.

    `profile` takes the place of all that the study and its standard say of who walks; `before`
    are walks of the same study that are as they would be again, but for these three.
    """
    own = {one.id: one.profile for one in inputs.standard.services if one.profile}
    return walk_minutes(
        inputs.network,
        inputs.facilities,
        inputs.demand.table,
        profile=profile or study.study.profile,
        profiles={} if profile else own,
        services=services,
        known=inputs.known,
        max_attach_m=cap_m,
        min_component_m=study.network.min_component_m,
        before=before,
    )


def headline_services(inputs: Inputs) -> tuple[str, ...]:
    """The services that headlines are made of; all of them where there are no headlines."""
    members = {member for headline in inputs.standard.headlines for member in headline.members}
    return tuple(one for one in inputs.services if one in members or not members)


def streets(study: Study, inputs: Inputs, minutes: Minutes) -> Streets | None:
    """The streets as a denominator, unless the study chose others."""
    chosen = study.study.denominators
    if chosen is not None and STREETS not in chosen:
        return None
    return Streets(inputs.network, inputs.facilities, minutes, inputs.units, inputs.known)


def account(inputs: Inputs, minutes: Minutes, lost: list[Problem]) -> dict[str, object]:
    """What became of every row, every person and the streets; `lost` are rows no street reaches."""
    network, streets = inputs.network, inputs.streets
    rows = [
        account.with_fewer_used(sum(problem.source == account.source for problem in lost))
        for account in inputs.accounts
    ]
    return {
        "rows": [vars(row) for row in rows],
        "people": [vars(person) for person in inputs.demand.people],
        "streets": {
            "ways_read": streets.ways_read,
            "ways_left_out": dict(streets.left_out),
            "edges": network.edge_count,
            "length_km": round(float(network.street_m.sum()) / 1000, 3),
            "components": len(set(network.component.tolist())),
        },
        "demand": {
            "points": len(minutes.demand_id),
            "unattached": int((~minutes.attachment.found).sum()),
        },
    }
