"""The contracts of a comparison: the change of every figure, and who gains and who loses."""

from __future__ import annotations

from lifecircle.base.policy_tables import UNIT_COLUMNS
from lifecircle.base.tables import Column, Contract

SIDES = ("before", "after")


def of_both(name: str, kind: str, unit: str, meaning: str) -> tuple[Column, ...]:
    """A column for each side."""
    return tuple(Column(f"{name}_{side}", kind, unit, f"{meaning}, {side}") for side in SIDES)  # type: ignore[arg-type]


CHANGE = Contract(
    "change",
    ("unit_id", "level", "service", "denominator"),
    (
        *UNIT_COLUMNS,
        Column("service", "text", "", "service, headline, or a combination", required=True),
        Column("denominator", "text", "", "the weight the share is taken over", required=True),
        *of_both("profile", "text", "", "who walks"),
        *of_both("limit_m", "number", "m", "walking distance that counts as covered"),
        *of_both("total", "number", "of the denominator", "all demand of the unit"),
        *of_both("covered", "number", "of the denominator", "demand within the limit"),
        *of_both("unknown", "number", "of the denominator", "nearer to the edge than the limit"),
        *of_both("share", "number", "share", "covered ÷ total"),
        *of_both("share_upper", "number", "share", "(covered + unknown) ÷ total"),
        Column("change", "number", "share", "share after less share before"),
        Column("change_low", "number", "share", "the least that the true change can be"),
        Column("change_high", "number", "share", "the most that it can be"),
        *of_both("straight_line_share", "number", "share", "covered as the crow flies ÷ total"),
        *of_both("target", "number", "share", "the city's target"),
        *of_both("meets_target", "flag", "", "the verdict"),
        Column("verdict", "text", "", "reached, missed, settled or opened, where it changed"),
        *of_both("rank", "integer", "", "among the units of its level"),
    ),
)

PEOPLE = Contract(
    "people",
    ("unit_id", "level", "service", "denominator"),
    (
        *UNIT_COLUMNS,
        Column("service", "text", "", "service, headline, or a combination", required=True),
        Column("denominator", "text", "", "the weight that is counted", required=True),
        Column("gained", "number", "of the denominator", "not covered before, covered after"),
        Column("lost", "number", "of the denominator", "covered before, not covered after"),
        Column("may_gain", "number", "of the denominator", "may gain: unknown on one side"),
        Column("may_lose", "number", "of the denominator", "may lose: unknown on one side"),
        Column("gained_before_m", "number", "m", "mean walk before of those who gain"),
        Column("gained_after_m", "number", "m", "mean walk after of those who gain"),
        Column("lost_before_m", "number", "m", "mean walk before of those who lose"),
        Column("lost_after_m", "number", "m", "mean walk after of those who lose"),
        Column("nearer", "number", "of the denominator", "whose walk is shorter after"),
        Column("nearer_m", "number", "m", "by how much on average"),
        Column("farther", "number", "of the denominator", "whose walk is longer after"),
        Column("farther_m", "number", "m", "by how much on average"),
        Column("cost", "number", "money", "of the changes that concern this service"),
        Column("cost_per_gained", "number", "money", "cost ÷ (gained − lost)"),
    ),
)

INDICATOR_CHANGE = Contract(
    "indicator_change",
    ("indicator", "part", "unit_id", "level"),
    (
        Column("indicator", "text", "", "A01 … B07, or the study's own", required=True),
        Column("part", "text", "", "where a line asks for several figures"),
        *UNIT_COLUMNS,
        Column("name", "text", "", "what is measured", required=True),
        Column("unit", "text", "", "unit of the value"),
        *of_both("value", "number", "as `unit`", "the figure"),
        *of_both("value_upper", "number", "as `unit`", "if all that is not known were good"),
        Column("change", "number", "as `unit`", "value after less value before"),
        *of_both("target", "number", "as `unit`", "what the policy asks for"),
        *of_both("meets_target", "flag", "", "the verdict"),
    ),
)
