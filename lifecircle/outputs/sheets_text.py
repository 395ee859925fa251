"""The words on a print sheet: title, legend, definition, sources."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from lifecircle.base.numbers import percent
from lifecircle.base.sentences import Language, sentence
from lifecircle.outputs.maps import MapPage
from lifecircle.outputs.maps_data import PALETTE, TARGET_CLASS, breaks, needs_osm_credit
from lifecircle.outputs.sheets_draw import FILL, Box
from lifecircle.outputs.terminal import folded
from lifecircle.outputs.words import one_profile

if TYPE_CHECKING:
    from lifecircle.outputs.sheets import Sheet

INK, QUIET, ACCENT = "#1d2733", "#5b6775", "#174a7c"
FOOT_COLUMNS = 205
"""Columns of text across an A4 sheet; a Chinese character takes two."""


class Words:
    """The words of a page, in one language."""

    def __init__(self, page: MapPage, language: Language) -> None:
        self.page, self.language = page, language
        labels = page.labels
        self.names = {**labels.services, **labels.combinations, **labels.headlines}

    def say(self, key: str, **values: object) -> str:
        """A sentence of the map page."""
        return sentence(f"map.{key}", self.language, **values)

    def name(self, service: str) -> str:
        """A service's name."""
        return self.names[service][self.language]

    def all_texts(self) -> Iterator[str]:
        """Everything that may have to be drawn."""
        yield from (self.say("page_kind"), self.page.title, *self.page.units["name"])
        yield from (text[self.language] for text in self.names.values())
        yield from self.page.coverage["limit_source"].unique()
        yield from (self._source(source) for source in self.page.sources)

    def title(self, service: str | None) -> str:
        """The sheet's title: the place, and what is shown."""
        return " · ".join(
            [self.page.title[:60], self.name(service) if service else self.say("page_kind")]
        )

    def figure(self, sheet: Sheet) -> str:
        """The figure of the whole, with both bounds where they differ."""
        coverage = self.page.coverage
        whole = self.page.whole or ("city", "city")
        rows = coverage[
            (coverage["service"] == sheet.service)
            & (coverage["denominator"] == sheet.denominator)
            & (coverage["unit_id"] == whole[0])
            & (coverage["level"] == whole[1])
        ]
        if rows.empty:
            return ""
        row = rows.iloc[0]
        lower, upper = (percent(row[name], row["target"]) for name in ("share", "share_upper"))
        return f"{lower} %" if lower == upper else f"{lower} – {upper} %"

    def foot(self, sheet: Sheet, every: bool = False) -> list[str]:
        """Definition, notes on what is missing, sources, credits."""
        labels = self.page.labels
        weight = labels.denominators[sheet.denominator][self.language]
        parts = [self.say("define_denominator", text=weight)]
        coverage = self.page.coverage
        shown = coverage if every else coverage[coverage["service"] == sheet.service]
        parts.append(self.say("define_profile", text=self.say(f"profile_{one_profile(shown)}")))
        parts += [] if every else self._rule(sheet)
        sources = "; ".join(dict.fromkeys(self._source(source) for source in self.page.sources))
        approval = self.page.approval
        standing = self.say("approval", number=approval) if approval else self.say("internal")
        credit = [self.say("credit")] if needs_osm_credit(self.page.sources) else []
        return [" · ".join(parts), sources, " · ".join([*credit, standing])]

    def _rule(self, sheet: Sheet) -> list[str]:
        coverage, labels = self.page.coverage, self.page.labels
        row = coverage[
            (coverage["service"] == sheet.service) & (coverage["denominator"] == sheet.denominator)
        ].iloc[0]
        limit = self.say("limit_of_each")
        if not pd.isna(row["limit_m"]):
            limit = self.say("limit_metres", m=f"{row['limit_m']:,.0f}")
            limit += self.say("limit_origin", origin=row["limit_source"])
        members = labels.members.get(sheet.service, ())
        kind = "any" if sheet.service in labels.headlines else "one"
        if sheet.service in labels.combinations:
            kind, members = "all", list(labels.headlines)
        names = self.say("comma").join(self.name(member) for member in members)
        rule = self.say(f"rule_{kind}", **({"members": names} if kind != "one" else {}))
        return [self.say("define_limit", text=limit), self.say("define_rule", text=rule)]

    def _source(self, source: Any) -> str:
        date = str(source.date or "")
        return self.say("comma").join(
            part for part in (source.publisher or source.name, date) if part
        )


def draw_title(figure: Figure, title: str, figures: str, scale: float) -> None:
    """The title at the top left, the figure of the whole at the top right."""
    write_at(figure, 9 * scale, -9 * scale, title, 14 * scale, weight="bold", va="top")
    write_at(
        figure, -9 * scale, -9 * scale, figures, 16 * scale, weight="bold", va="top", ha="right"
    )


def draw_foot(figure: Figure, lines: list[str], scale: float) -> None:
    """The definition and the sources, folded to the width of the sheet."""
    text = "\n".join(folded(line, FOOT_COLUMNS) for line in lines if line)
    write_at(figure, 9 * scale, 28 * scale, text, 6.5 * scale, va="top", color=QUIET)


def draw_legend(
    figure: Figure, box: Box, words: Words, rows: pd.DataFrame, scale: float, dots: bool = True
) -> None:
    """Classes from high to low with the step at the target, hatching, no data, facilities."""
    y = box.bottom + box.height - 4 * scale
    write_at(figure, box.left, y, words.say("legend_units"), 9 * scale, weight="bold")
    targeted = rows["target"].notna()
    for side, there in (("with_target", targeted.any()), ("without_target", (~targeted).any())):
        if there:
            y = _legend_classes(figure, box.left, y, side, rows, words, scale)
    marks = [("legend_none", {"fc": PALETTE["none"]})] if rows["share"].isna().any() else []
    if rows["hatched"].any():
        marks.append(("legend_hatched", {"fc": "white", "hatch": "/////"}))
    for key, style in marks:
        y -= 6.5 * scale
        _swatch(figure, box.left, y, scale, **style)
        text = folded(words.say(key), 30)
        write_at(figure, box.left + 8 * scale, y, text, 7 * scale)
        y -= 2.6 * scale * text.count("\n")
    if dots and not words.page.withheld:
        y -= 6.5 * scale
        write_at(figure, box.left + 1.3 * scale, y, "●", 7 * scale)
        write_at(figure, box.left + 8 * scale, y, words.say("legend_facility"), 7 * scale)


def _legend_classes(
    figure: Figure, x: float, y: float, side: str, rows: pd.DataFrame, words: Words, scale: float
) -> float:
    given = rows["target"].dropna()
    edges = [f"{100 * edge:g}" for edge in breaks(float(given.iloc[0]) if len(given) else 0.85)]
    texts = [f"< {edges[0]} %"]
    texts += [f"{low} – {high} %" for low, high in zip(edges, edges[1:], strict=False)]
    texts.append(f"≥ {edges[-1]} %")
    if side == "without_target":
        y -= 7 * scale
        write_at(figure, x, y, folded(words.say("no_target"), 34), 7 * scale, color=QUIET)
    for number in range(len(texts) - 1, -1, -1):
        y -= 6.5 * scale
        _swatch(figure, x, y, scale, fc=PALETTE[side][number], alpha=FILL)
        write_at(figure, x + 8 * scale, y, texts[number], 7.5 * scale)
        if side == "with_target" and number == TARGET_CLASS:
            y -= 4.2 * scale
            _bar(figure, x, y, 30 * scale, 0.8 * scale)
            y += 0.8 * scale
    return y


def write_at(
    figure: Figure, x_mm: float, y_mm: float, text: str, size: float, **style: Any
) -> None:
    """Text at a place in millimetres; from the right or the top where it is negative."""
    wide, high = figure.get_size_inches() * 25.4
    x, y = x_mm % wide / wide, y_mm % high / high
    style = {"va": "center", "color": INK, "linespacing": 1.35, **style}
    figure.text(x, y, text, fontsize=size, parse_math=False, **style)


def _swatch(figure: Figure, x_mm: float, y_mm: float, scale: float, **style: Any) -> None:
    wide, high = figure.get_size_inches() * 25.4
    size = 4.2 * scale
    place = (x_mm / wide, (y_mm - size / 2) / high)
    figure.add_artist(Rectangle(place, size / wide, size / high, ec="#888", lw=0.5, **style))


def _bar(figure: Figure, x_mm: float, y_mm: float, width_mm: float, height_mm: float) -> None:
    wide, high = figure.get_size_inches() * 25.4
    place = (x_mm / wide, y_mm / high)
    figure.add_artist(Rectangle(place, width_mm / wide, height_mm / high, fc="#111", ec="none"))
