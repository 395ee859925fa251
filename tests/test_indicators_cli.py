"""The target table from the command line: the demo town whole, against its raw files by hand."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from support import REPOSITORY

DEMO = REPOSITORY / "lifecircle" / "demo"
METRES = 32651


def lifecircle(*words: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "lifecircle.cli", *map(str, words)],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        encoding="utf-8",
    )


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo town's results, run once."""
    folder = tmp_path_factory.mktemp("demo")
    run = lifecircle("demo", "--lang", "en", cwd=folder)
    assert run.returncode == 0, run.stderr
    return folder / "data" / "processed" / "demo"


@pytest.fixture(scope="module")
def city(results: Path) -> pd.DataFrame:
    """The city's rows of the target table, by line and part."""
    table = pd.read_csv(results / "indicators.csv", keep_default_na=True)
    table = table[table["level"] == "city"]
    return table.assign(part=table["part"].fillna("")).set_index(["indicator", "part"])


def list_rows(kind: str) -> list[dict[str, str]]:
    text = (DEMO / "synthetic_lists.csv").read_text(encoding="utf-8")
    return [
        row for row in csv.DictReader(io.StringIO(text))
        if row["类别"] == kind and row["街镇"] != "外滩街道"
    ]  # fmt: skip


def test_every_line_is_computed_because_the_town_has_the_data(city: pd.DataFrame) -> None:
    wanted = [f"A{n:02}" for n in range(1, 29)] + [f"B{n:02}" for n in range(1, 8)]
    assert sorted(set(city.index.get_level_values(0))) == wanted
    assert city["value"].notna().all() and city["missing"].isna().all()


def test_lists_are_counted_as_by_hand(city: pd.DataFrame) -> None:
    """From the raw CSV alone."""
    homes, all_of_them = list_rows("儿童之家"), list_rows("居村委")
    assert city.loc[("A20", "home"), "value"] == pytest.approx(len(homes) / len(all_of_them))
    lifts = sum(int(row["数量"]) for row in list_rows("加装电梯"))
    assert city.loc[("A28", "lifts"), "value"] == lifts == 177
    rehab = [row["康复中心"] == "是" for row in list_rows("社区卫生服务中心")]
    assert city.loc[("A13", ""), "value"] == pytest.approx(sum(rehab) / len(rehab), abs=1e-6)
    assert city.loc[("A08", ""), "value"] == len(list_rows("家门口的好去处"))
    rental = {row["近轨道交通"]: int(row["数量"]) for row in list_rows("保障性租赁住房")}
    assert city.loc[("A23", "near_rail"), "value"] == pytest.approx(rental["是"] / 600)
    # 约210床 is 210, so the district has its ward of 200 beds.
    assert city.loc[("A14", ""), "value"] == 1
    # One of six venues does not say: four have a room, five might.
    nursing = city.loc[("A21", "")]
    assert (nursing["value"], nursing["value_upper"]) == pytest.approx((4 / 6, 5 / 6), abs=1e-6)


def test_places_for_1000_residents_are_those_of_the_raw_file(city: pd.DataFrame) -> None:
    """Sums of the care file by hand; the truth knows the residents."""
    truth = json.loads((DEMO / "truth.json").read_text(encoding="utf-8"))
    text = (DEMO / "synthetic_care_gb18030.csv").read_text(encoding="gb18030")
    rows = [row for row in csv.DictReader(io.StringIO(text))
            if row["状态"] == "开放" and row["经度"]]  # fmt: skip
    places = sum(int(row["托位数"] or 0) for row in rows)
    beds = sum(int(row["核定床位"] or 0) for row in rows)
    residents = sum(unit["residents"] for unit in truth["people_by_unit"].values())
    assert city.loc[("A22", ""), "value"] == pytest.approx(1000 * places / residents, rel=1e-3)
    assert city.loc[("A16", "total"), "value"] == beds


def test_compounds_with_a_locker_are_those_within_100_m(city: pd.DataFrame) -> None:
    """Distances of outlines and lockers taken again from the raw files, in UTM."""
    compounds = gpd.read_file(DEMO / "synthetic_compounds.geojson").to_crs(METRES)
    shops = gpd.read_file(DEMO / "synthetic_shops.geojson").to_crs(METRES)
    lockers = shapely.union_all(shops[shops["kind"] == "智能快件箱"].geometry.to_numpy())
    near = compounds.distance(lockers) <= 100
    assert city.loc[("A07", ""), "value"] == pytest.approx(near.mean(), abs=1e-6)
    assert 0 < near.mean() < 1


def test_supply_is_conserved_in_the_town(results: Path) -> None:
    """People × access adds up to the capacities within the units, for each method."""
    table = pd.read_csv(results / "supply.csv")
    town = table[table["level"] == "city"]
    assert set(town["method"]) == {"2sfca", "e2sfca", "gaussian"} and len(town) == 9
    used = town["access_per_1000"] * town["people"] / 1000
    assert used.to_numpy() == pytest.approx(town["capacity"].to_numpy(), rel=1e-5)
    units = table[~table["level"].isin(["city", "district"])]
    sums = units.groupby(["supply", "method"])["gap"].sum()
    assert (sums >= 0).all() and (table["served_share"] <= table["covered_share"] + 1e-9).all()


def test_the_crowded_home_is_covered_and_not_served(results: Path) -> None:
    """槐荫街道: one home of 18 beds; six in ten of 60+ are covered, nobody has enough beds."""
    table = pd.read_csv(results / "supply.csv")
    row = table[(table["unit_name"] == "槐荫街道") & (table["supply"] == "eldercare_beds")
                & (table["method"] == "gaussian")].iloc[0]  # fmt: skip
    assert row["covered_share"] > 0.5 and row["served_share"] == 0 and row["gap"] > 70


def test_pictures_are_svg_without_anything_from_elsewhere(results: Path) -> None:
    pictures = sorted(results.glob("*.svg"))
    assert len(pictures) == 4
    for picture in pictures:
        text = picture.read_text(encoding="utf-8")
        assert text.startswith("<svg") and "href" not in text and "nan" not in text


def test_the_table_is_shown_in_both_languages(results: Path) -> None:
    shown = lifecircle("indicators", "show", results, "--lang", "en", cwd=results)
    assert shown.returncode == 0, shown.stderr
    assert "Childcare places under 3" in shown.stdout and "A22" in shown.stdout
    shown = lifecircle("indicators", "show", results, "--lang", "zh", cwd=results)
    assert "托位数" in shown.stdout
    rows = json.loads(lifecircle("indicators", "show", results, "--json", cwd=results).stdout)
    assert {row["indicator"] for row in rows} >= {"A01", "B07"}


def later(results: Path, folder: Path, date: str) -> Path:
    """A copy of a run as if of another date, with half a place more for 1000 residents."""
    shutil.copytree(results, folder)
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    (folder / "manifest.json").write_text(json.dumps(manifest | {"report_date": date}))
    table = pd.read_csv(folder / "indicators.csv", dtype={"unit_id": str})
    table.loc[table["indicator"] == "A22", "value"] += 0.5
    table.to_csv(folder / "indicators.csv", index=False)
    return folder


def test_two_runs_make_a_series(results: Path, tmp_path: Path) -> None:
    other = later(results, tmp_path / "later", "2025-12-31")
    file = tmp_path / "series.csv"
    run = lifecircle("indicators", "series", other, results, "--csv", file, "--json", cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    table = pd.read_csv(file)
    own = table[(table["indicator"] == "A22") & (table["level"] == "city")]
    assert own["date"].tolist() == ["2025-03-15", "2025-12-31"]
    assert own["change"].tolist()[1] == pytest.approx(0.5)
    assert own["path"].tolist()[1] == pytest.approx(4.5)
    assert len(json.loads(run.stdout)) == len(table)


def test_a_series_of_other_units_or_a_folder_without_a_run_is_refused(
    results: Path, tmp_path: Path
) -> None:
    other = later(results, tmp_path / "later", "2025-12-31")
    coverage = pd.read_csv(other / "coverage.csv", dtype=str)
    coverage[coverage["unit_name"] != "芦洲镇"].to_csv(other / "coverage.csv", index=False)
    run = lifecircle("indicators", "series", results, other, "--lang", "en", cwd=tmp_path)
    assert run.returncode == 3
    assert "990101101000" in run.stderr and "same units file" in run.stderr
    run = lifecircle("indicators", "series", results, tmp_path, "--lang", "en", cwd=tmp_path)
    assert run.returncode == 3 and "manifest.json" in run.stderr
    run = lifecircle("indicators", "series", results, "--lang", "en", cwd=tmp_path)
    assert run.returncode == 3 and "two runs" in run.stderr


def test_kinds_of_list_are_named_with_the_lines_that_need_them(tmp_path: Path) -> None:
    run = lifecircle("indicators", "kinds", "--lang", "en", cwd=tmp_path)
    assert run.returncode == 0 and "childrens_home" in run.stdout and "A20" in run.stdout
