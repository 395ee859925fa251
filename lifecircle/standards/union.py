"""Several standards as one, so that one walk answers for all of them."""

from __future__ import annotations

from collections.abc import Sequence

from lifecircle.standards.catalogue import Service, Standard


def batches(standards: Sequence[Standard]) -> list[list[Standard]]:
    """The standards in as few lists as agree, in each, on what a service's facilities are."""
    found: list[list[Standard]] = []
    for standard in standards:
        fitting = (batch for batch in found if all(_agree(standard, one) for one in batch))
        batch = next(fitting, None)
        if batch is None:
            found.append([standard])
        else:
            batch.append(standard)
    return found


def union(standards: Sequence[Standard]) -> Standard:
    """All services of `standards`, each once, and all limits by area; no headlines.

    The limits are the longest there are, so that facilities are read far enough.
    """
    services: dict[str, Service] = {}
    for standard in standards:
        for service in standard.services:
            known = services.get(service.id)
            if known is None or service.limit_m > known.limit_m:
                services[service.id] = service
    longest = max(
        rule.limit_m for standard in standards for rule in (*standard.headlines, *standard.services)
    )
    areas = [service for standard in standards for service in standard.services if service.by_area]
    for service in areas:
        services[service.id] = services[service.id].model_copy(update={"by_area": service.by_area})
    first, *rest = services.values()
    first = first.model_copy(update={"limit_m": max(longest, first.limit_m)})
    update = {"services": (first, *rest), "headlines": (), "combinations": ()}
    return standards[0].model_copy(update=update)


def _agree(one: Standard, other: Standard) -> bool:
    facts = {service.id: _facts(service) for service in one.services}
    same = all(facts.get(two.id, _facts(two)) == _facts(two) for two in other.services)
    return same and one.name_exclude == other.name_exclude


def _facts(service: Service) -> tuple[object, ...]:
    return (
        service.osm_tags,
        service.name_filter,
        service.name_keywords,
        service.name_exclude,
        service.profile,
    )
