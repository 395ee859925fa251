"""Reports under their names: by suffix, without a font, with one of them open elsewhere."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

import lifecircle as lc
from lifecircle.base import files
from lifecircle.base.files import ResultInUse
from lifecircle.outputs import reports, sheets_font
from lifecircle.sources import TemplateFile

STARTS = {".xlsx": b"PK\x03\x04", ".docx": b"PK\x03\x04", ".pdf": b"%PDF"}

SHORT = reports.Documents({"report.xlsx": b"PK one", "report.docx": b"PK two"}, ())
"""Reports that take no time to make, where only their writing matters."""


@pytest.mark.parametrize("suffix", STARTS)
def test_the_suffix_chooses_the_report(demo: lc.Result, tmp_path: Path, suffix: str) -> None:
    if suffix == ".pdf":
        pytest.importorskip("typst")
    path = tmp_path / f"mine{suffix}"
    lc.write_report(demo, path, language="en")
    assert path.read_bytes().startswith(STARTS[suffix])


def test_another_suffix_is_refused_and_nothing_written(demo: lc.Result, tmp_path: Path) -> None:
    with pytest.raises(lc.UsageError, match=r"\.xlsx, \.docx, \.pdf"):
        lc.write_report(demo, tmp_path / "report.doc")
    assert not list(tmp_path.iterdir())


def test_without_a_chinese_font_the_reports_are_there_and_a_line_says_the_fix(
    demo: lc.Result, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sheets_font, "KNOWN", ())
    found = reports.documents(demo)
    assert {"report.xlsx", "report.docx"} <= set(found.files)
    assert "report.pdf" not in found.files
    lines = [problem.line("en") for problem in found.problems]
    assert any("maps and charts are left out" in line and "Fix: install" in line for line in lines)


def test_an_unfit_template_is_refused_before_any_work(demo: lc.Result, tmp_path: Path) -> None:
    template = tmp_path / "our.docx"
    template.write_bytes(b"no Word file")
    report = demo.study.report.model_copy(update={"template": TemplateFile(path=template)})
    with pytest.raises(lc.StudyRefused, match="our.docx"):
        reports.refuse_unfit_template(demo.study.model_copy(update={"report": report}))


def test_an_open_workbook_stays_and_the_new_one_lies_beside_it(
    demo: lc.Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As Windows has it: a file that is open in Excel cannot be replaced."""
    (tmp_path / "report.xlsx").write_bytes(b"the earlier one")
    monkeypatch.setattr(reports, "documents", lambda *_: SHORT)
    whole = Path.replace

    def refused(self: Path, target: Path) -> Path:
        if target.name == "report.xlsx":
            raise PermissionError(13, "in use")
        return whole(self, target)

    monkeypatch.setattr(files.Path, "replace", refused)
    with pytest.raises(ResultInUse, match="report-new.xlsx"):
        reports.write_documents(demo, tmp_path)
    assert (tmp_path / "report.xlsx").read_bytes() == b"the earlier one"
    assert (tmp_path / "report-new.xlsx").read_bytes().startswith(b"PK")
    assert {file.name for file in tmp_path.iterdir()} == {"report.xlsx", "report-new.xlsx"}


def test_reports_written_anew_keep_their_hashes_in_the_manifest(
    demo: lc.Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`gaps` writes them into the folder of a run, whose manifest names every file's hash."""
    monkeypatch.setattr(reports, "documents", lambda *_: SHORT)
    manifest = {"files": {"coverage.csv": "1", "report.xlsx": "old", "report.docx": "old"}}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    reports.write_documents(demo, tmp_path)
    found = json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))["files"]
    assert found["coverage.csv"] == "1"
    for name in ("report.xlsx", "report.docx"):
        assert found[name] == hashlib.sha256((tmp_path / name).read_bytes()).hexdigest()
