"""The study file: strict about keys, kind about mistakes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from lifecircle import sources
from lifecircle import study as models
from lifecircle.base.problems import StudyRefused
from lifecircle.study import load_study, study_template

LANGUAGES = ("zh", "en")

MINIMAL = """
[study]
name = "x"
[network]
path = "x.osm"
[units]
path = "u.geojson"
id = "code"
name = "name"
[[facilities]]
path = "f.csv"
service = "pharmacy"
[[demand]]
kind = "points"
path = "p.csv"
residents = "people"
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "study.toml"
    path.write_text(text, encoding="utf-8")
    return path


def refusal(folder: Path, text: str) -> list[tuple[str, str]]:
    """Code and key of each problem that `text` is refused for."""
    with pytest.raises(StudyRefused) as refused:
        load_study(written(folder, text))
    return [(problem.code, problem.column) for problem in refused.value.problems]


def all_keys() -> set[str]:
    """Every key that a study may have, by its name in the file."""
    kinds = [kind for kind in {**vars(sources), **vars(models)}.values() if isinstance(kind, type)]
    return {
        field.alias or name
        for kind in kinds
        if issubclass(kind, BaseModel) and kind.__module__ in (models.__name__, sources.__name__)
        for name, field in kind.model_fields.items()
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_template_is_a_study_and_names_every_key(language: str, tmp_path: Path) -> None:
    """`lifecircle init` hides no option: every key of the models stands in both templates."""
    text = study_template(language)
    study = load_study(written(tmp_path, text))
    assert study.study.language == language
    named = set(re.findall(r"[A-Za-z_][A-Za-z0-9_]*", text))
    assert all_keys() - named == set()


def test_paths_start_at_the_study_file(tmp_path: Path) -> None:
    study = load_study(written(tmp_path, MINIMAL))
    assert study.network.path == tmp_path / "x.osm"
    assert study.demand[0].path == tmp_path / "p.csv"


@pytest.mark.parametrize(
    ("old", "new", "code", "key"),
    [
        ('id = "code"', 'idd = "code"', "key_unknown", "units.idd"),
        ('path = "x.osm"', 'paht = "x.osm"', "key_missing", "network.path"),
        ('residents = "people"', 'resident = "people"', "key_unknown", "demand.0.resident"),
        ('service = "pharmacy"', "", "key_value", "facilities.0"),
        ('name = "x"', 'name = "../x"', "key_value", "study.name"),
        ('name = "x"', 'name = "x"\nbuffer_m = nan', "key_value", "study.buffer_m"),
        ('path = "x.osm"', 'path = "x.osm"\nmax_attach_m = 0', "key_value", "network.max_attach_m"),
        ('name = "x"', 'name = "x"\ntarget = 85', "key_value", "study.target"),
    ],
)
def test_a_wrong_key_is_named_with_its_full_path(
    old: str, new: str, code: str, key: str, tmp_path: Path
) -> None:
    assert (code, key) in refusal(tmp_path, MINIMAL.replace(old, new, 1))


def test_people_may_not_come_from_two_sources(tmp_path: Path) -> None:
    """Two sources of residents would count everyone twice."""
    twice = MINIMAL + '[[demand]]\nkind = "raster"\npath = "p.tif"\n'
    with pytest.raises(StudyRefused, match="two demand sources carry residents"):
        load_study(written(tmp_path, twice))


def test_a_missing_study_and_broken_toml_are_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(StudyRefused, match="there is no such file"):
        load_study(tmp_path / "none.toml")
    assert refusal(tmp_path, "[study\n")[0][0] == "toml_syntax"
    windows = MINIMAL.replace('"x.osm"', '"C:\\data\\x.osm"')
    assert refusal(tmp_path, windows)[0][0] == "toml_backslash"
