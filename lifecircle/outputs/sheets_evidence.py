"""Evidence sheets: one gap on one page, so that it can be argued over at a table.

A small map with the patch, the streets, the nearest facility, the walk there and what lies
between, beside the people, the cause in words, and the places that could serve it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
from matplotlib import rc_context
from matplotlib.figure import Figure

from lifecircle.base.numbers import percent
from lifecircle.base.sentences import Language, sentence
from lifecircle.base.tables import EVIDENCE, WEIGHTS, no_rows
from lifecircle.measures.result import Result
from lifecircle.outputs.gaps_terminal import cause_words
from lifecircle.outputs.maps_data import needs_osm_credit
from lifecircle.outputs.sentences import amount as amount_of
from lifecircle.outputs.sheets import MARGIN, PAPERS, TITLE, empty_sheet, saved
from lifecircle.outputs.sheets_draw import Box, frame_of
from lifecircle.outputs.sheets_evidence_map import GapMap, draw_gap
from lifecircle.outputs.sheets_font import font_for
from lifecircle.outputs.sheets_text import ACCENT, INK, QUIET, write_at
from lifecircle.outputs.terminal import folded
from lifecircle.outputs.words import denominator_words, service_words

SIDE, FOOT = 96.0, 14.0
"""Millimetres on A4: the column of text, and the foot."""

SIDE_COLUMNS, FOOT_COLUMNS = 58, 205
"""Columns of text across them; a Chinese character takes two."""

LINE_MM, HEAD_MM, SPACE_MM = 4.1, 5.2, 2.6


def write_evidence(
    result: Result,
    folder: Path,
    name: str,
    count: int = 5,
    paper: str = "a4",
    font: Path | None = None,
    evidence: gpd.GeoDataFrame | None = None,
    language: Language | None = None,
) -> list[Path]:
    """Write `<name>-gap-<rank>-<paper>.png` and `.pdf` of the largest gaps; gives the files.

    `evidence` is the EVIDENCE table of these gaps; without it no place that could serve them is
    shown.  Raises `StudyRefused` where no font has the characters needed, before anything is
    written.
    """
    language = language or result.study.study.language
    evidence = no_rows(EVIDENCE) if evidence is None else evidence
    gaps = result.gaps.head(count)
    maps = GapMap.of(result, gaps, evidence)
    sheets = [
        Sheet(result, gap, evidence[evidence["gap_id"] == gap["gap_id"]], language)
        for _, gap in gaps.iterrows()
    ]
    family = font_for((text for sheet in sheets for text in sheet.texts()), font)
    settings: Any = {"font.family": family, "pdf.fonttype": 3, "svg.hashsalt": "lifecircle"}
    files = []
    with rc_context(settings):
        for sheet in sheets:
            figure = drawn(sheet, maps, paper)
            files += saved(figure, folder / f"{name}-gap-{sheet.gap['rank']:03d}-{paper}")
    return files


class Sheet:
    """The words of one gap, in one language."""

    def __init__(
        self, result: Result, gap: pd.Series, evidence: gpd.GeoDataFrame, language: Language
    ) -> None:
        self.result, self.gap, self.evidence, self.language = result, gap, evidence, language
        self.services = {
            name: text[language] for name, text in service_words(result.standard).items()
        }
        self.denominator = denominator_words()[gap["denominator"]][language]

    def say(self, key: str, **values: object) -> str:
        """A sentence of the sheets."""
        return sentence(f"evidence.{key}", self.language, **values)

    def texts(self) -> Iterator[str]:
        """Everything that may have to be drawn."""
        yield from (self.title, self.result.study.study.title)
        yield from (line for _, lines in self.parts() for line in lines)
        yield from (head for head, _ in self.parts())
        yield from self.foot()
        yield from self.legend().values()

    @property
    def title(self) -> str:
        """Which gap this is."""
        gap = self.gap
        service = self.services[gap["service"]]
        return self.say(
            "title", rank=gap["rank"], service=service, place=gap["place"], unit=gap["unit_name"]
        )

    def amount(self, value: float, weight: str | None = None) -> str:
        """A number of the denominator, or of another weight, in words."""
        return amount_of(weight or self.gap["denominator"], value, self.language)

    def parts(self) -> list[tuple[str, list[str]]]:
        """Headings and the lines under each."""
        gap = self.gap
        key = "too_little" if gap["cause"] == "capacity" else "uncovered"
        first = [self.say(key, limit=f"{gap['limit_m']:.0f}")]
        why = [cause_words(gap, self.language), *self._capacity()]
        found = [(self.amount(gap["uncovered"]), first)]
        others = self._others()
        found += [(self.say("groups"), others)] if others else []
        found += [(self.say("why"), why), (self.say("nearest"), self._nearest())]
        found += [(self.say("unit"), self._unit())] if pd.notna(gap["unit_share"]) else []
        found += [] if gap["cause"] == "capacity" else [(self.say("reach"), self._reach())]
        return found

    def _others(self) -> list[str]:
        """What the patch carries beside its denominator."""
        names = [column.name for column in WEIGHTS if column.name != self.gap["denominator"]]
        carried = [name for name in names if pd.notna(self.gap[name]) and self.gap[name] > 0]
        return [self.amount(self.gap[name], name) for name in carried]

    def _capacity(self) -> list[str]:
        gap = self.gap
        if not gap["capacity"]:
            return []
        has, needs = f"{gap['capacity_per_1000']:.1f}", f"{gap['need_per_1000']:g}"
        what = self.say(gap["capacity"])
        return [self.say("capacity", has=has, needs=needs, what=what, source=gap["need_source"])]

    def _nearest(self) -> list[str]:
        gap, nobody = self.gap, self.say("nameless")
        if not gap["straight_facility_id"]:
            return [self.say("no_facility")]
        by_air = self.say(
            "by_air",
            name=gap["straight_facility_name"] or nobody,
            metres=f"{gap['straight_m']:,.0f}",
        )
        if not gap["facility_id"]:
            return [self.say("no_walk"), by_air]
        name, metres = gap["facility_name"] or nobody, f"{gap['metres']:,.0f}"
        return [self.say("on_foot", name=name, metres=metres), by_air]

    def _unit(self) -> list[str]:
        gap = self.gap
        share, target = gap["unit_share"], gap["unit_target"]
        missing = self.amount(gap["unit_missing"])
        shares = {"share": percent(share, target), "target": percent(target)}
        return [self.say("unit_line", unit=gap["unit_name"], missing=missing, **shares)]

    def _reach(self) -> list[str]:
        lines = []
        for _, row in self.evidence[self.evidence["kind"].isin(["site", "existing"])].iterrows():
            offers = "、".join(self.services[one] for one in row["offers"].split(", ") if one)
            offers = offers if self.language == "zh" else offers.replace("、", ", ")
            name, count = row["name"] or self.say("nameless"), self.amount(row["people"])
            values = {"rank": row["rank"]} if row["kind"] == "site" else {"offers": offers}
            lines.append(self.say(row["kind"], name=name, count=count, **values))
        return lines or [self.say("none_in_reach")]

    def foot(self) -> list[str]:
        """What is counted, the sources, and whose map this is."""
        gap, study = self.gap, self.result.study
        rows = self.result.coverage
        rows = rows[(rows["service"] == gap["service"]) & (rows["unit_id"] == gap["unit_id"])]
        define = self.say(
            "define",
            weight=self.denominator,
            service=self.services[gap["service"]],
            limit=f"{gap['limit_m']:.0f}",
            origin=rows["limit_source"].iloc[0],
        )
        comma = sentence("map.comma", self.language)
        sources = "; ".join(
            dict.fromkeys(
                comma.join([one.publisher or one.name, str(one.date or "")]).strip(comma)
                for one in study.sources
            )
        )
        approval = study.study.map_approval
        standing = sentence("map.approval", self.language, number=approval) if approval else ""
        standing = standing or sentence("map.internal", self.language)
        credit = [sentence("map.credit", self.language)] if needs_osm_credit(study.sources) else []
        return [define, sources, " · ".join([*credit, standing])]

    def legend(self) -> Mapping[str, str]:
        """The words of the map's signs."""
        kinds = (
            "gap", "other", "facility", "straight", "site", "existing", "wall", "railway", "unit",
        )  # fmt: skip
        walk = self.evidence[self.evidence["kind"] == "walk"]
        words = {kind: self.say(f"legend_{kind}") for kind in kinds}
        if len(walk):
            words["walk"] = self.say("legend_walk", metres=f"{walk['metres'].iloc[0]:,.0f}")
        return words


def drawn(sheet: Sheet, maps: GapMap, paper: str) -> Figure:
    """One sheet: title, map, words, foot."""
    figure, scale = empty_sheet(paper)
    width, height = PAPERS[paper]
    write_at(
        figure, MARGIN * scale, -MARGIN * scale, sheet.title, 13 * scale, weight="bold", va="top"
    )
    name = sheet.result.study.study.title[:60]
    style = {"va": "top", "ha": "right", "color": QUIET}
    write_at(figure, -MARGIN * scale, -MARGIN * scale, name, 8 * scale, **style)
    bottom = (MARGIN + FOOT) * scale
    box = Box(
        MARGIN * scale,
        bottom,
        width - (2 * MARGIN + SIDE) * scale,
        height - bottom - (MARGIN + TITLE) * scale,
    )
    draw_gap(frame_of(figure, box), maps, sheet.gap, sheet.evidence, sheet.legend(), scale)
    _draw_side(figure, sheet, width - (MARGIN + SIDE - 6) * scale, box.bottom + box.height, scale)
    text = "\n".join(folded(line, FOOT_COLUMNS) for line in sheet.foot())
    top = (MARGIN + FOOT - 3) * scale
    write_at(figure, MARGIN * scale, top, text, 6.2 * scale, va="top", color=QUIET)
    return figure


def _draw_side(figure: Figure, sheet: Sheet, x: float, top: float, scale: float) -> None:
    """Headings and lines from the top down; the first is the number of people, in large."""
    y = top
    for number, (head, lines) in enumerate(sheet.parts()):
        size = 17.0 if number == 0 else 8.5
        y -= (HEAD_MM + (4.0 if number == 0 else 0.0)) * scale
        colour = ACCENT if number == 0 else INK
        write_at(figure, x, y, head, size * scale, weight="bold", color=colour, va="bottom")
        for line in lines:
            text = folded(line, SIDE_COLUMNS)
            y -= (1.4 if number == 0 else 1.0) * scale
            write_at(figure, x, y, text, 8 * scale, va="top")
            y -= LINE_MM * scale * (text.count("\n") + 1) - 0.6 * scale
        y -= SPACE_MM * scale
