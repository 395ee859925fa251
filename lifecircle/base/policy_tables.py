"""The contracts of what is measured beside coverage: targets, supply, fairness, monitoring."""

from __future__ import annotations

from lifecircle.base.tables import Column, Contract

UNIT_COLUMNS = (
    Column("unit_id", "text", "", "the unit; `city` is the sum of all units", required=True),
    Column("unit_name", "text", "", "its name", required=True),
    Column("level", "text", "", "its level", required=True),
)

LISTS = Contract(
    "lists",
    ("source", "row", "list"),
    (
        Column("list", "text", "", "what the row is, e.g. childrens_home", required=True),
        Column("source", "text", "", "file it came from", required=True),
        Column("row", "integer", "", "row of the file", required=True),
        Column("name", "text", "", "name as published"),
        Column("district", "text", "", "district it stands in, as the file says"),
        Column("street", "text", "", "street or town it stands in"),
        Column("neighbourhood", "text", "", "neighbourhood (居村委) it stands in"),
        Column("beds", "number", "beds", "beds"),
        Column("places", "number", "places", "places"),
        Column("floor_area_m2", "number", "m²", "floor area"),
        Column("homes", "number", "homes", "homes, flats or lifts"),
        Column("year", "number", "year", "year of completion"),
        Column("yes", "text", "", "attributes that it has, between semicolons"),
        Column("no", "text", "", "attributes that it lacks, between semicolons"),
        Column("geometry", "geometry", "", "polygon or point, where the list is a map"),
    ),
)

INDICATORS = Contract(
    "indicators",
    ("indicator", "part", "unit_id", "level"),
    (
        Column("indicator", "text", "", "A01 … B07, or the study's own", required=True),
        Column("part", "text", "", "where a line asks for several figures"),
        *UNIT_COLUMNS,
        Column("name", "text", "", "what is measured", required=True),
        Column("kind", "text", "", "how it is measured", required=True),
        Column("value", "number", "as `unit`", "the figure; empty where data is missing"),
        Column("value_upper", "number", "as `unit`", "if all that is not known were good"),
        Column("unit", "text", "", "unit of the value", required=True),
        Column("count", "number", "", "what is counted"),
        Column("total", "number", "", "what it is divided by"),
        Column("total_of", "text", "", "what the total is of: the denominator"),
        Column("target", "number", "as `unit`", "what the policy asks for"),
        Column("target_year", "integer", "year", "by the end of"),
        Column("meets_target", "flag", "", "empty without a verdict"),
        Column("year", "integer", "year", "of the data"),
        Column("rule", "text", "", "how it was computed, and what was our choice"),
        Column("clause", "text", "", "document and clause", required=True),
        Column("confidence", "text", "", "V original read, V2 second-hand, M from memory"),
        Column("missing", "text", "", "data and columns that are missing"),
    ),
)

SUPPLY = Contract(
    "supply",
    ("supply", "method", "unit_id", "level"),
    (
        Column("supply", "text", "", "capacity against the group it serves", required=True),
        Column("method", "text", "", "2sfca, e2sfca or gaussian", required=True),
        *UNIT_COLUMNS,
        Column("capacity_kind", "text", "", "beds, places or floor_area_m2", required=True),
        Column("weight", "text", "", "the group served", required=True),
        Column("limit_m", "number", "m", "walking distance of the catchment"),
        Column("people", "number", "people", "the group in the unit"),
        Column("capacity", "number", "of capacity_kind", "what stands in the unit"),
        Column("unknown_capacity", "integer", "facilities", "whose capacity no file says"),
        Column("per_1000", "number", "for 1000 of norm_of", "capacity in the unit"),
        Column("norm", "number", "for 1000 of norm_of", "what is asked for"),
        Column("norm_of", "text", "", "the weight the norm is taken over"),
        Column("gap", "number", "of capacity_kind", "lacking to the norm"),
        Column("access_per_1000", "number", "for 1000 of the group", "what places can count on"),
        Column("covered_share", "number", "share", "of the group within the limit of any"),
        Column("served_share", "number", "share", "of the group with access at the norm or above"),
        Column("difference", "number", "share", "covered but not served"),
    ),
)

FAIRNESS = Contract(
    "fairness",
    ("what", "subject", "weight"),
    (
        Column("what", "text", "", "metres or supply", required=True),
        Column("subject", "text", "", "service, headline, or supply and method", required=True),
        Column("weight", "text", "", "the people it is taken over", required=True),
        Column("people", "number", "people", "all of them"),
        Column("without", "number", "people", "who can walk to none; not in the figures"),
        Column("mean", "number", "m, or capacity a person", "mean over people"),
        Column("median", "number", "m, or capacity a person", "median over people"),
        Column("worst_tenth", "number", "m, or capacity a person", "where the worst tenth begins"),
        Column("gini", "number", "", "0 all alike … 1 one has all"),
    ),
)

LORENZ = Contract(
    "lorenz",
    ("what", "subject", "weight", "people_share"),
    (
        Column("what", "text", "", "metres or supply", required=True),
        Column("subject", "text", "", "service, headline, or supply and method", required=True),
        Column("weight", "text", "", "the people it is taken over", required=True),
        Column("people_share", "number", "share", "of people, from those with the least"),
        Column("value_share", "number", "share", "of the whole that they have"),
    ),
)

STANDING = Contract(
    "standing",
    ("unit_id", "level", "service", "group"),
    (
        *UNIT_COLUMNS,
        Column("service", "text", "", "service or headline", required=True),
        Column("group", "text", "", "residents_60plus or children_0_3", required=True),
        Column("people", "number", "people", "of the group"),
        Column("left_out", "number", "people", "of the group beyond the limit"),
        Column("share", "number", "share", "coverage of the group"),
        Column("share_all", "number", "share", "coverage of all residents"),
        Column("difference", "number", "share", "group less all; below 0 it is served worse"),
        Column("rank", "integer", "", "1 serves the group worst among the units of its level"),
    ),
)

AGES = Contract(
    "ages",
    ("age", "service", "denominator"),
    (
        Column("age", "text", "", "old or new compounds", required=True),
        Column("service", "text", "", "service or headline", required=True),
        Column("denominator", "text", "", "the weight the share is taken over", required=True),
        Column("total", "number", "of the denominator", "in compounds of this age"),
        Column("covered", "number", "of the denominator", "within the limit"),
        Column("share", "number", "share", "covered ÷ total"),
    ),
)

SERIES = Contract(
    "series",
    ("indicator", "part", "unit_id", "level", "date"),
    (
        Column("indicator", "text", "", "A01 … B07, or the study's own", required=True),
        Column("part", "text", "", "where a line asks for several figures"),
        *UNIT_COLUMNS,
        Column("date", "text", "", "of the run's data", required=True),
        Column("name", "text", "", "what is measured"),
        Column("unit", "text", "", "unit of the value"),
        Column("value", "number", "as `unit`", "the figure"),
        Column("change", "number", "as `unit`", "since the date before"),
        Column("target", "number", "as `unit`", "what the policy asks for"),
        Column("target_year", "integer", "year", "by the end of"),
        Column("path", "number", "as `unit`", "on the straight way from the first to the target"),
        Column("ahead", "number", "as `unit`", "value less path; below 0 it lags behind"),
    ),
)
