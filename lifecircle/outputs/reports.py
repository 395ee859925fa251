"""report.xlsx, report.docx and report.pdf: one at a time, and those that a command writes.

A document that cannot be written here (no font, no typst) never fails a run: it is left out, and
a problem says so with its fix.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from lifecircle.base.files import MANIFEST, ResultInUse, write_bytes
from lifecircle.base.problems import Problem, StudyRefused, UsageError
from lifecircle.base.sentences import Language
from lifecircle.measures.result import Result
from lifecircle.outputs.sheets_font import SAMPLE, font_for
from lifecircle.study import Study

WORKBOOK, DOCUMENT, PDF = "report.xlsx", "report.docx", "report.pdf"
SUFFIXES = (".xlsx", ".docx", ".pdf")


@dataclass(frozen=True)
class Documents:
    """Files by name, and what kept others from being written or from having figures."""

    files: Mapping[str, bytes]
    problems: tuple[Problem, ...]


def write_report(result: Result, path: str | Path, language: Language | None = None) -> None:
    """Write the report of `result`: the suffix .xlsx, .docx or .pdf chooses what.

    `language` is the study's unless given.  Raises `UsageError` for another suffix, and
    `StudyRefused` where the template, typst or a font is missing or unfit.
    """
    path, own = Path(path), language or result.study.study.language
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(f"{path.name}: a report ends in {', '.join(SUFFIXES)}")
    write_bytes(path, _report(result, path.suffix.lower(), own))


def _report(result: Result, suffix: str, language: Language) -> bytes:
    if suffix == ".xlsx":
        from lifecircle.outputs.workbook import workbook_bytes

        return workbook_bytes(result, language)
    if suffix == ".docx":
        from lifecircle.outputs.document import document_bytes

        return document_bytes(result, language, _template(result.study))
    from lifecircle.outputs.typeset import pdf_bytes

    return pdf_bytes(result, language)


def refuse_unfit_template(study: Study) -> None:
    """Raise `StudyRefused`, before any work, where the Word template cannot be used."""
    if study.report.template is not None:
        from lifecircle.outputs.document_styles import check_template

        check_template(_template(study))


def _template(study: Study) -> Path | None:
    return None if study.report.template is None else study.report.template.path


def documents(result: Result, names: Collection[str] = (WORKBOOK, DOCUMENT, PDF)) -> Documents:
    """The reports of a run under their fixed names; the PDF only where typst is installed."""
    from lifecircle.outputs.document import word_bytes
    from lifecircle.outputs.report_content import report_content
    from lifecircle.outputs.report_tables import report_tables
    from lifecircle.outputs.typeset import typeset_bytes
    from lifecircle.outputs.workbook import workbook_bytes

    language = result.study.study.language
    tables = report_tables(result, language)
    files = {WORKBOOK: workbook_bytes(result, language, tables)}
    content = report_content(result, language, tables)
    problems = _without_figures()
    files[DOCUMENT] = word_bytes(content, _template(result.study))
    if PDF in names and find_spec("typst") is not None:
        try:
            files[PDF] = typeset_bytes(content)
        except StudyRefused as refused:
            problems += refused.problems
    return Documents(files, problems)


def _without_figures() -> tuple[Problem, ...]:
    """Says so where no font here can draw Chinese, so that the figures are left out."""
    try:
        font_for([SAMPLE], None)
    except StudyRefused:
        return (Problem("figures_without_font", "noted", DOCUMENT),)
    return ()


def write_documents(result: Result, folder: Path) -> tuple[Problem, ...]:
    """Write the workbook and the Word report into the folder of a result, its manifest too.

    Raises `ResultInUse` where one of them is open elsewhere; the new one is kept beside it.
    """
    found = documents(result, (WORKBOOK, DOCUMENT))
    for name, content in found.files.items():
        _replace(folder / name, content)
    _book(folder, found.files)
    return found.problems


def _replace(path: Path, content: bytes) -> None:
    try:
        write_bytes(path, content)
    except PermissionError as error:
        kept = path.with_name(f"{path.stem}-new{path.suffix}")
        write_bytes(kept, content)
        raise ResultInUse(path.parent, kept) from error


def _book(folder: Path, files: Mapping[str, bytes]) -> None:
    """Put the hashes of files that were written anew into the manifest that lists them."""
    path = folder / MANIFEST
    if not path.is_file():
        return
    manifest = json.loads(path.read_text(encoding="utf-8"))
    manifest["files"] |= {name: hashlib.sha256(file).hexdigest() for name, file in files.items()}
    content = json.dumps(manifest, ensure_ascii=False, indent=1) + "\n"
    write_bytes(path, content.encode("utf-8"))
