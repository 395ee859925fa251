"""Who walks to which service, and a standard's limits for them: the same minutes, other metres."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lifecircle.base.model import ProfileName
from lifecircle.standards.catalogue import AreaLimit, Headline, Limit, Rule, Service, Standard

Mixed = tuple[str, str]
"""A headline whose members different people walk to, and who they are."""


def walked_by(
    standard: Standard, everyone: ProfileName, chosen: Mapping[str, ProfileName]
) -> Standard:
    """`standard` with a profile on every service and headline.

    `chosen` is a study's choice, by service or headline; then comes what a service says itself,
    what a headline says for its members, and `everyone` else.
    """
    of: dict[str, ProfileName] = {}
    for headline in standard.headlines:
        if headline.profile:
            of |= dict.fromkeys(headline.members, headline.profile)
    of |= {service.id: service.profile for service in standard.services if service.profile}
    for headline in standard.headlines:
        if headline.id in chosen:
            of |= dict.fromkeys(headline.members, chosen[headline.id])
    of |= {name: profile for name, profile in chosen.items() if name in standard.ids}
    services = tuple(
        rule.model_copy(update={"profile": of.get(rule.id, everyone)}) for rule in standard.services
    )
    headlines = tuple(
        rule.model_copy(update={"profile": of.get(rule.members[0], everyone)})
        for rule in standard.headlines
    )
    return standard.model_copy(update={"services": services, "headlines": headlines})


def mixed_headlines(standard: Standard) -> Iterator[Mixed]:
    """Headlines that have no one walker: a share of people needs one."""
    of = {service.id: service.profile for service in standard.services}
    for headline in standard.headlines:
        walkers = dict.fromkeys(of[member] for member in headline.members)
        if len(walkers) > 1:
            yield headline.id, ", ".join(str(name) for name in walkers)


def at_pace(
    standard: Standard, everyone: ProfileName, m_per_min: Mapping[str, float], own_m_per_min: float
) -> Standard:
    """`standard` with every walking limit as its minutes at the pace of whoever walks there.

    `m_per_min` holds the pace of every profile, `own_m_per_min` the one that the standard's
    metres stand for.  The rings go by the pace of `everyone`.  Limits that are radii and no walk
    stay as they are.
    """

    def changed(rule: Rule) -> dict[str, object]:
        profile = rule.profile or everyone
        pace = m_per_min[profile]
        if pace == own_m_per_min:
            return {}
        factor, note = pace / own_m_per_min, f"minutes × {pace / 60:g} m/s ({profile})"
        areas = tuple(_area(limit, factor, note) for limit in rule.by_area)
        return {**_limit(rule, factor, note), "by_area": areas}

    services: tuple[Service, ...] = tuple(
        rule.model_copy(update=changed(rule)) for rule in standard.services
    )
    headlines: tuple[Headline, ...] = tuple(
        rule.model_copy(update=changed(rule)) for rule in standard.headlines
    )
    factor = m_per_min[everyone] / own_m_per_min
    tiers = tuple(
        tier.model_copy(update={"limit_m": tier.limit_m * factor}) for tier in standard.tiers
    )
    return standard.model_copy(
        update={"services": services, "headlines": headlines, "tiers": tiers}
    )


def _area(limit: AreaLimit, factor: float, note: str) -> AreaLimit:
    return limit.model_copy(update=_limit(limit, factor, note))


def _limit(limit: Limit, factor: float, note: str) -> dict[str, object]:
    if limit.mode == "straight":
        return {}
    lower = limit.limit_lower_m
    return {
        "limit_m": limit.limit_m * factor,
        "limit_lower_m": None if lower is None else lower * factor,
        "limit_source": f"{limit.limit_source}; {note}",
    }
