"""The GeoPackage and the Shapefiles, read back: the figures of coverage.csv, drawn by rules."""

from __future__ import annotations

import io
import operator
import zipfile
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pyproj
import pytest

import lifecircle as lc
from lifecircle.base.problems import StudyRefused
from lifecircle.demo import copy_town
from lifecircle.outputs.csv_text import csv_bytes
from lifecircle.outputs.gis_layers import layers, styles
from lifecircle.outputs.gis_shapes import NAME_BYTES, shapes_zip, short_names
from lifecircle.outputs.gis_styles import Rule, Style
from lifecircle.outputs.tables import rounded, write_tables
from lifecircle.sources import OutputOptions

SE, OGC = "{http://www.opengis.net/se}", "{http://www.opengis.net/ogc}"
COMPARE = {
    "=": operator.eq, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(demo: lc.Result, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tables of the demo with Shapefiles in CGCS2000."""
    here = tmp_path_factory.mktemp("tables")
    study = demo.study.model_copy(update={"outputs": OutputOptions(shapefile="EPSG:4490")})
    study._file = demo.study.file
    write_tables(replace(demo, study=study), here / "one")
    write_tables(replace(demo, study=study), here / "two")
    return here / "one"


@pytest.fixture(scope="module")
def shapes(folder: Path) -> Path:
    with zipfile.ZipFile(folder / "results-shp.zip") as archive:
        archive.extractall(folder.parent / "shp")
    return folder.parent / "shp"


@pytest.fixture(scope="module")
def figures(demo: lc.Result) -> pd.DataFrame:
    content = csv_bytes(rounded(demo.coverage))
    return pd.read_csv(io.BytesIO(content), dtype={"unit_id": str})


def test_the_same_run_gives_the_same_bytes(folder: Path) -> None:
    for name in ("results.gpkg", "results-shp.zip", "gaps.csv"):
        assert (folder / name).read_bytes() == (folder.parent / "two" / name).read_bytes(), name


def test_the_package_holds_the_shares_of_coverage_csv(folder: Path, figures: pd.DataFrame) -> None:
    """Every share of every unit, to the last digit of the file, and its verdict."""
    units = gpd.read_file(folder / "results.gpkg", layer="units").set_index("unit_id")
    rows = figures[figures["level"] == "street"]
    for row in rows.itertuples():
        found = units.loc[row.unit_id, f"{row.service}_{row.denominator}"]
        np.testing.assert_equal(float(found), row.share)
    meets = rows[rows["denominator"].eq("residents") & rows["service"].eq("health")]
    expected = meets.set_index("unit_id")["meets_target"].map({True: "above", False: "below"})
    found = units["health_verdict"].reindex(expected.index)
    assert found.replace("", np.nan).fillna("").tolist() == expected.fillna("").tolist()
    assert len(rows) > 900


def test_gaps_lie_in_the_package_as_in_the_csv(folder: Path) -> None:
    drawn = gpd.read_file(folder / "results.gpkg", layer="gaps")
    listed = pd.read_csv(folder / "gaps.csv", dtype={"unit_id": str})
    assert len(drawn) == len(listed) > 100
    assert drawn["gap_id"].tolist() == listed["gap_id"].tolist()
    np.testing.assert_array_equal(drawn["uncovered"], listed["uncovered"])
    inside = gpd.GeoSeries.from_xy(listed["lon"], listed["lat"], crs=4326)
    assert (drawn.to_crs(3857).distance(inside.to_crs(3857)) < 1).all()


def test_every_layer_has_one_default_style_and_all_can_be_read(folder: Path) -> None:
    """As QGIS looks for them: by layer and geometry column, no schema, one default."""
    path = folder / "results.gpkg"
    there = {name for name, kind in pyogrio.list_layers(path) if kind is not None}
    table = pyogrio.read_dataframe(path, layer="layer_styles")
    assert there - {"network_quality"} == set(table["f_table_name"])
    assert (table["f_table_schema"] == "").all() and (table["f_table_catalog"] == "").all()
    assert (table["f_geometry_column"] == "geom").all()
    assert (table.groupby("f_table_name")["useAsDefault"].sum() == 1).all()
    for row in table.itertuples():
        renderer = ElementTree.fromstring(row.styleQML.partition("\n")[2])[0]
        rules, symbols = renderer.findall("rules/rule"), renderer.findall("symbols/symbol")
        assert renderer.get("type") == "RuleRenderer"
        assert [rule.get("symbol") for rule in rules] == [one.get("name") for one in symbols]
        described = ElementTree.fromstring(row.styleSLD)
        assert len(list(described.iter(f"{SE}Rule"))) == len(rules) > 0
        fields = {one.text for one in described.iter(f"{OGC}PropertyName")}
        assert fields <= set(pyogrio.read_info(path, layer=row.f_table_name)["fields"])


def test_every_place_is_drawn_by_one_rule(demo: lc.Result) -> None:
    """Units, facilities, walks (those that reach nothing too) and gaps: no hole, no overlap."""
    plain = replace(demo, coverage=rounded(demo.coverage))
    found = layers(plain)
    for style in styles(plain, list(found), "en"):
        drawn = sum(holds(rule, found[style.layer]).astype(int) for rule in style.rules)
        assert (drawn == 1).all(), (style.name, drawn)


def holds(rule: Rule, layer: pd.DataFrame) -> pd.Series:
    """Whether a rule draws each row, as SQL compares: nothing equals nothing."""
    fulfilled = pd.Series(True, layer.index)
    for condition in rule.conditions:
        values = layer[condition.field]
        if condition.operator == "null":
            fulfilled &= values.isna()
        else:
            compared = COMPARE[condition.operator](values, condition.value)
            fulfilled &= compared.fillna(False).astype(bool)
    return fulfilled


def test_colours_of_classes_follow_the_target(demo: lc.Result) -> None:
    """A share of exactly 85 % is drawn with those above it, one of 84.9999 % is not."""
    first: Style = styles(demo, ["units"], "zh")[0]
    field = first.rules[0].conditions[0].field
    table = pd.DataFrame({field: [0.849999, 0.85]})
    number = [[holds(rule, table)[row] for rule in first.rules].index(True) for row in (0, 1)]
    assert number == [2, 3]


def test_shapefiles_hold_the_shares_of_coverage_csv(shapes: Path, figures: pd.DataFrame) -> None:
    """By the dictionary, from short names back to long ones; nothing is lost."""
    book = pd.read_csv(shapes / "fields.csv")
    long = dict(book[book["file"] == "units.shp"][["field", "column"]].itertuples(index=False))
    units = gpd.read_file(shapes / "units.shp").rename(columns=long).set_index("unit_id")
    rows = figures[figures["level"] == "street"]
    found = [units.loc[r.unit_id, f"{r.service}_{r.denominator}"] for r in rows.itertuples()]
    np.testing.assert_array_equal(np.array(found, dtype=float), rows["share"].to_numpy())


def test_every_field_is_short_and_explained_in_both_languages(shapes: Path) -> None:
    book = pd.read_csv(shapes / "fields.csv").set_index(["file", "field"])
    files = sorted(shapes.glob("*.shp"))
    assert {file.stem for file in files} >= {"units", "facilities", "demand", "gaps"}
    for file in files:
        assert file.with_suffix(".cpg").read_text() == "UTF-8"
        fields = list(pyogrio.read_info(file)["fields"])
        assert fields == book.loc[file.name].index.tolist()
        assert all(len(field.encode()) <= NAME_BYTES for field in fields)
        assert len({field.lower() for field in fields}) == len(fields)
    assert book[["meaning_zh", "meaning_en"]].notna().all(axis=None)
    assert book.loc[("units.shp", "health_r"), "meaning_zh"] == "卫生覆盖率，分母：常住人口"


def test_shapefiles_keep_names_and_leave_what_is_not_reached_empty(
    demo: lc.Result, shapes: Path
) -> None:
    book = pd.read_csv(shapes / "fields.csv")
    units = gpd.read_file(shapes / "units.shp")
    assert units["name"].tolist() == demo.units["name"].tolist()
    long = dict(book[book["file"] == "demand.shp"][["field", "column"]].itertuples(index=False))
    demand = gpd.read_file(shapes / "demand.shp").rename(columns=long)
    metres = demo.demand["sports_ground_l_m"].round(3).to_numpy(dtype=float)
    expected = np.where(np.isinf(metres), np.nan, metres)
    np.testing.assert_allclose(demand["sports_ground_l_m"].to_numpy(dtype=float), expected)


@pytest.mark.parametrize("code", ["EPSG:4490", "EPSG:4549"])
def test_shapefiles_lie_where_pyproj_says(demo: lc.Result, tmp_path: Path, code: str) -> None:
    packed = shapes_zip(demo, code)
    (tmp_path / "shp.zip").write_bytes(packed)
    demand = gpd.read_file(f"zip://{tmp_path / 'shp.zip'}!demand.shp")
    assert demand.crs == pyproj.CRS(code)
    move = pyproj.Transformer.from_crs("EPSG:4326", code, always_xy=True)
    x, y = move.transform(demo.demand.geometry.x.to_numpy(), demo.demand.geometry.y.to_numpy())
    np.testing.assert_allclose(demand.geometry.x, x, rtol=0, atol=1e-9 * abs(x).max())
    np.testing.assert_allclose(demand.geometry.y, y, rtol=0, atol=1e-9 * abs(y).max())


def test_short_names_differ_whatever_the_case() -> None:
    names = short_names(["sports_ground_large", "sports_ground_small", "SPORTS_GRO", "名称", "a"])
    assert list(names.values()) == ["sports_gro", "sports_gr2", "SPORTS_GR3", "__", "a"]


def test_an_unknown_reference_system_is_refused_with_the_key(tmp_path: Path) -> None:
    study = copy_town(tmp_path)
    text = study.read_text(encoding="utf-8")
    study.write_text(text + '\n[outputs]\nshapefile = "EPSG:99999"\n', encoding="utf-8")
    with pytest.raises(StudyRefused, match="outputs.shapefile") as refused:
        lc.load_study(study)
    assert "EPSG:4490" in str(refused.value)
