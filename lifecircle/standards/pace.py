"""A standard's limits for people who walk at another pace: the same minutes, other metres."""

from __future__ import annotations

from lifecircle.standards.catalogue import AreaLimit, Headline, Limit, Service, Standard


def at_pace(standard: Standard, m_per_min: float, own_m_per_min: float, profile: str) -> Standard:
    """`standard` with every walking limit, and the rings, as its minutes at `m_per_min`.

    `own_m_per_min` is the pace that the standard's metres stand for.  Limits that are radii and no
    walk stay as they are.
    """
    factor, note = m_per_min / own_m_per_min, f"minutes × {m_per_min / 60:g} m/s ({profile})"
    services = tuple(_service(rule, factor, note) for rule in standard.services)
    headlines = tuple(_headline(rule, factor, note) for rule in standard.headlines)
    tiers = tuple(
        tier.model_copy(update={"limit_m": tier.limit_m * factor}) for tier in standard.tiers
    )
    return standard.model_copy(
        update={"services": services, "headlines": headlines, "tiers": tiers}
    )


def _service(rule: Service, factor: float, note: str) -> Service:
    areas = tuple(_area(limit, factor, note) for limit in rule.by_area)
    return rule.model_copy(update={**_limit(rule, factor, note), "by_area": areas})


def _headline(rule: Headline, factor: float, note: str) -> Headline:
    areas = tuple(_area(limit, factor, note) for limit in rule.by_area)
    return rule.model_copy(update={**_limit(rule, factor, note), "by_area": areas})


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
