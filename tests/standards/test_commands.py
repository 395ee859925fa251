"""`lifecircle standards`, and what a study may say of the rule: shown, compared or refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner, Result

from lifecircle.cli import commands
from lifecircle.standards.catalogue import bundled_standards


def call(*words: str | Path) -> Result:
    return CliRunner().invoke(commands, [str(word) for word in words], catch_exceptions=False)


def test_the_list_names_every_standard_with_its_counts() -> None:
    entries = json.loads(call("standards", "list", "--json").output)
    assert [entry["id"] for entry in entries] == list(bundled_standards())
    by_id = {entry["id"]: entry for entry in entries}
    shanghai = by_id["shanghai-2022"]
    assert (shanghai["services"], shanghai["headlines"], shanghai["target"]) == (24, 4, 0.85)
    assert shanghai["V"] + shanghai["V2"] + shanghai["M"] == 28
    for lang in ("zh", "en"):
        assert all(name in call("standards", "list", "--lang", lang).output for name in by_id)


@pytest.mark.parametrize("name", bundled_standards())
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_standard_can_be_shown(name: str, lang: str) -> None:
    shown = call("standards", "show", name, "--lang", lang)
    assert shown.exit_code == 0
    content = json.loads(call("standards", "show", name, "--json").output)
    assert all(service["limit_source"] for service in content["services"])


def test_showing_what_is_not_there_lists_what_is() -> None:
    found = call("standards", "show", "shanghai-2202", "--lang", "en")
    assert found.exit_code == 2
    assert "shanghai-2022" in found.stderr


def test_checking_a_file_names_the_wrong_key(tmp_path: Path) -> None:
    good = tmp_path / "ours.toml"
    good.write_text('extends = "convenience-2021"\nid = "ours"\n', encoding="utf-8")
    found = call("standards", "check", good, "--lang", "en")
    assert (found.exit_code, "7 limits" in found.output) == (0, True)
    good.write_text(
        'extends = "convenience-2021"\n[[services]]\nid = "laundry"\nlimit_m = -1\n', "utf-8"
    )
    bad = call("standards", "check", good, "--lang", "en")
    assert bad.exit_code == 2
    assert "services.0.limit_m" in bad.stderr and "Fix:" in bad.stderr


def test_what_nobody_has_read_up_is_listed() -> None:
    found = call("standards", "check", "shanghai-2022", "--unverified", "--lang", "en").output
    assert "wet_market" in found, "from the second-hand table of GB 50180"
    assert "health_centre" not in found, "its 15 minutes are read in the original"
    assert "20 of them" in found


Write = Callable[..., Path]

OSM = """<?xml version="1.0" encoding="UTF-8"?>
<osm version="0.6">
<node id="1" lat="31.0" lon="121.000" version="1"/>
<node id="2" lat="31.0" lon="121.030" version="1"/>
<way id="3" version="1"><nd ref="1"/><nd ref="2"/><tag k="highway" v="residential"/></way>
</osm>
"""
UNIT = {
    "type": "Feature",
    "properties": {"code": "01", "name": "west"},
    "geometry": {
        "type": "Polygon",
        "coordinates": [
            [[120.99, 30.99], [121.04, 30.99], [121.04, 31.01], [120.99, 31.01], [120.99, 30.99]]
        ],
    },
}
STUDY = """
[study]
name = "newtown"
#options
[network]
path = "town.osm"
extent = [120.9, 30.9, 121.2, 31.1]
[units]
path = "units.geojson"
id = "code"
name = "name"
#units
[[facilities]]
path = "centres.csv"
datum = "wgs84"
id = "id"
lon = "lon"
lat = "lat"
category = "kind"
services = { centre = "health_centre", station = "health_station" }
[[demand]]
kind = "points"
path = "people.csv"
datum = "wgs84"
id = "id"
residents = "residents"
"""
TABLES = {
    "centres.csv": "id,lon,lat,kind\na,121.005,31,centre\nb,121.020,31,station\n",
    "people.csv": "id,lon,lat,residents\n1,121.004,31,30\n2,121.016,31,50\n3,121.029,31,20\n",
}


@pytest.fixture
def study(tmp_path: Path) -> Write:
    """A street of 2.9 km with a study's lines of its own under [study], [units] and at the end."""

    def write(options: str = "", units: str = "", end: str = "") -> Path:
        (tmp_path / "town.osm").write_text(OSM, encoding="utf-8")
        whole = {"type": "FeatureCollection", "features": [UNIT]}
        (tmp_path / "units.geojson").write_text(json.dumps(whole), encoding="utf-8")
        for name, content in TABLES.items():
            (tmp_path / name).write_text(content, encoding="utf-8")
        text = STUDY.replace("#options", options).replace("#units", units)
        path = tmp_path / "newtown.toml"
        path.write_text(f"{text}\n{end}", encoding="utf-8")
        return path

    return write


def refused(study: Path) -> str:
    found = call("run", study, "--out", study.parent, "--lang", "en")
    assert found.exit_code in (2, 3)
    assert not list(study.parent.rglob("coverage.csv"))
    return found.stderr


@pytest.mark.parametrize(
    ("lines", "key"),
    [
        ({"options": 'denominators = ["residents_60plus"]'}, "study.denominators.0"),
        ({"options": 'denominators = ["people"]'}, "study.denominators.0"),
        ({"options": "denominators = []"}, "study.denominators"),
        ({"end": '[[standard.services]]\nid = "childcare"\nlimit_m = -5'}, "services.0.limit_m"),
        ({"end": '[[standard.headlines]]\nid = "health"\nmembers = ["x"]'}, "members.0"),
        ({"end": '[[standard.headlines]]\nid = "health"\nmembers = []'}, "headlines.0.members"),
        ({"end": "[standard]\ntarget = 85"}, "standard.target"),
        ({"end": "[standard]\ntiers = [{ minutes = 5 }]"}, "standard.tiers.0.limit_m"),
        ({"units": 'area_kinds = { "新城" = ["west"] }'}, "units.area_kinds.新城"),
        (
            {
                "options": 'standard = "shanghai-2024-draft"',
                "units": 'area_kinds = { "新城" = ["nowhere"] }',
            },
            "units.area_kinds.新城.0",
        ),
        (
            {
                "options": 'standard = "shanghai-2024-draft"',
                "units": 'area_kinds = { "新城" = ["west"], "新市镇" = ["west"] }',
            },
            "units.area_kinds.新市镇.0",
        ),
    ],
)
def test_a_rule_that_cannot_be_is_refused_with_its_key(
    study: Write, lines: dict[str, str], key: str
) -> None:
    message = refused(study(**lines))
    assert key in message and "Fix:" in message


def coverage_of(study: Path) -> pd.DataFrame:
    found = call("run", study, "--out", study.parent, "--lang", "en")
    assert found.exit_code == 0, found.stderr
    (path,) = study.parent.rglob("coverage.csv")
    return pd.read_csv(path, dtype={"unit_id": str})


def test_a_study_chooses_its_denominators_and_changes_a_limit(study: Write) -> None:
    path = study(
        options='denominators = ["walkable_street_m", "offices"]\nsensitivity = false',
        end='[offices]\npath = "offices.csv"\nid = "id"\nlon = "lon"\nlat = "lat"\n'
        'datum = "wgs84"\n[[standard.services]]\nid = "health_centre"\nlimit_m = 400',
    )
    (path.parent / "offices.csv").write_text(
        "id,lon,lat\n1,121.001,31\n2,121.0071,31\n3,121.018,31\n", encoding="utf-8"
    )
    table = coverage_of(path)
    assert set(table["denominator"]) == {"walkable_street_m", "offices"}
    city = table[(table["unit_id"] == "city") & (table["service"] == "health_centre")]
    city = city.set_index("denominator")
    # The centre stands at 121.005; a thousandth of a degree is 95.5 m here: offices at 382, 200
    # and 1241 m; the street reaches 400 m to either side of it.
    assert city.loc["offices", "covered"] == 2
    assert city.loc["offices", "total"] == 3
    assert city.loc["walkable_street_m", "covered"] == pytest.approx(800, abs=0.5)
    assert city["limit_m"].tolist() == [400, 400]
    assert city["limit_source"].str.contains("newtown.toml").all()


def test_one_command_puts_standards_and_denominators_side_by_side(study: Write) -> None:
    path = study()
    words = ["standards", "compare", path, "--out", path.parent, "--lang", "en"]
    words += ["--standard", "shanghai-2022", "--standard", "complete-community-2020"]
    words += ["--standard", "study"]
    words += [f"--denominator={name}" for name in ("residents", "walkable_street_m")]
    found = call(*words, "--json")
    assert found.exit_code == 0, found.stderr
    table = pd.DataFrame(json.loads(found.output))
    assert set(table["denominator"]) == {"residents", "walkable_street_m"}
    assert list(dict.fromkeys(table["standard"])) == ["shanghai-2022", "complete-community-2020"]
    assert len(list(path.parent.rglob("standards.csv"))) == 1
    own = coverage_of(path)
    key = ["unit_id", "service", "denominator"]
    assert not table.duplicated(["standard", *key]).any(), "the study's own is shanghai-2022"
    same = table[table["standard"] == "shanghai-2022"].merge(own, on=key, suffixes=("", "_run"))
    assert len(same) and (abs(same["share"] - same["share_run"]) < 1e-6).all()
    printed = call(*words)
    assert "Community health centre" in printed.output and "residents" in printed.output


def test_standards_that_the_facilities_say_nothing_of_are_refused(study: Write) -> None:
    path = study()
    found = call("standards", "compare", path, "--standard", "convenience-2021", "--lang", "en")
    assert found.exit_code == 2
    assert "no facility source" in found.stderr
