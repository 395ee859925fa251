"""The order of the steps of a run, and nothing else."""

from __future__ import annotations

from lifecircle.base.problems import Problem
from lifecircle.inputs.gather import Inputs, Progress, read_inputs
from lifecircle.measures.coverage import coverage
from lifecircle.measures.result import (
    Result,
    demand_with_metres,
    facilities_with_attachment,
    unattached_demand,
    unattached_facilities,
)
from lifecircle.network.walk import Minutes, walk_minutes
from lifecircle.study import Study

STAGES = ("streets", "units", "facilities", "demand", "walk", "coverage", "write")


def silent(stage: str) -> None:
    """Progress that nobody watches."""


def run(study: Study, progress: Progress = silent) -> Result:
    """Read the inputs of `study`, walk, and measure; nothing is written.

    Raises `StudyRefused` or `InputRefused` before any work where an input cannot be used.
    """
    inputs = read_inputs(study, progress)
    progress("walk")
    minutes = walk_minutes(
        inputs.network,
        inputs.facilities,
        inputs.demand.table,
        services=inputs.services,
        known=inputs.known,
        max_attach_m=study.network.max_attach_m,
        min_component_m=study.network.min_component_m,
    )
    progress("coverage")
    facilities = facilities_with_attachment(inputs.facilities, minutes)
    lost = unattached_facilities(facilities)
    return Result(
        study=study,
        standard=inputs.standard,
        network=inputs.network,
        units=inputs.units,
        facilities=facilities,
        demand=demand_with_metres(inputs.demand.table, minutes),
        minutes=minutes,
        coverage=coverage(minutes, inputs.demand.table, inputs.units, inputs.standard),
        base_map=inputs.base_map,
        problems=(
            *inputs.problems,
            *lost,
            *unattached_demand(minutes),
        ),
        account=account(inputs, minutes, lost),
    )


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
            "length_km": round(float(network.length_m.sum()) / 1000, 3),
            "components": len(set(network.component.tolist())),
        },
        "demand": {
            "points": len(minutes.demand_id),
            "unattached": int((~minutes.attachment.found).sum()),
        },
    }
