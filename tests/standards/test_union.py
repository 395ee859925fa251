"""Several standards answered by one walk: what may share it, and how far facilities are read."""

from __future__ import annotations

from typing import Any

from lifecircle.standards.catalogue import Standard, bundled_standards, load_standard
from lifecircle.standards.union import batches, union

ALL = [load_standard(name) for name in bundled_standards()]


def changed(name: str, service_id: str, **fields: Any) -> Standard:
    standard = load_standard(name)
    services = [
        service.model_copy(update=fields) if service.id == service_id else service
        for service in standard.services
    ]
    return standard.model_copy(update={"id": "changed", "services": tuple(services)})


def test_the_bundled_standards_agree_on_what_a_facility_is() -> None:
    """So that all seven are answered by one walk."""
    assert batches(ALL) == [ALL]


def test_standards_that_take_other_facilities_for_a_service_walk_apart() -> None:
    other = changed("shanghai-2022", "wet_market", name_keywords=("集市",))
    limit = changed("shanghai-2022", "wet_market", limit_m=50.0)
    together = [[one.id for one in batch] for batch in batches([*ALL[:5], other, limit])]
    assert together == [[*(one.id for one in ALL[:5]), "changed"], ["changed"]]
    names = load_standard("shanghai-2022").model_copy(update={"name_exclude": ("旧",)})
    assert len(batches([*ALL, names])) == 2


def test_the_union_has_every_service_once_and_reads_far_enough() -> None:
    whole = union(ALL)
    assert len(set(whole.ids)) == len(whole.ids)
    assert set(whole.ids) == {service for one in ALL for service in one.ids}
    assert max(service.limit_m for service in whole.services) == 2000
    areas = whole.service("community_service").by_area
    assert max(limit.limit_m for limit in areas) == 5000
    assert whole.area_kinds == load_standard("shanghai-2024-draft").area_kinds
    assert whole.headlines == ()
