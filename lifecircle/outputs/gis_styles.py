"""How QGIS draws our layers: rules turned into its own style (QML) and into SLD for others.

A style is a list of rules, each with its words, the rows it draws, and a colour.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal
from xml.etree import ElementTree as Tree

import pandas as pd

Shape = Literal["fill", "line", "marker"]
Operator = Literal["=", "<", "<=", ">", ">=", "null"]

SLD, SE, OGC = (
    "http://www.opengis.net/sld",
    "http://www.opengis.net/se",
    "http://www.opengis.net/ogc",
)
COMPARISONS = {
    "=": "PropertyIsEqualTo",
    "<": "PropertyIsLessThan",
    "<=": "PropertyIsLessThanOrEqualTo",
    ">": "PropertyIsGreaterThan",
    ">=": "PropertyIsGreaterThanOrEqualTo",
    "null": "PropertyIsNull",
}
OUTLINE = "#5b6775"
GEOMETRY_COLUMN = "geom"
"""What GDAL calls the geometry of a layer of a GeoPackage."""


@dataclass(frozen=True)
class Condition:
    """One comparison of a field with a value; `null` asks for nothing in it."""

    field: str
    operator: Operator
    value: str | float = ""


@dataclass(frozen=True)
class Rule:
    """The rows that fulfil all conditions, their words and their colour."""

    label: str
    colour: str
    conditions: tuple[Condition, ...] = ()
    hatched: bool = False


@dataclass(frozen=True)
class Style:
    """One way of drawing a layer; QGIS opens the layer with the default one."""

    layer: str
    name: str
    shape: Shape
    rules: tuple[Rule, ...]
    default: bool = False
    size_mm: float = 2.4


def style_table(styles: Sequence[Style], stamp: str) -> pd.DataFrame:
    """The rows of `layer_styles`, the table in which QGIS looks for styles."""
    rows: list[dict[str, Any]] = [
        {
            "f_table_catalog": "",
            "f_table_schema": "",
            "f_table_name": style.layer,
            "f_geometry_column": GEOMETRY_COLUMN,
            "styleName": style.name,
            "styleQML": qml(style),
            "styleSLD": sld(style),
            "useAsDefault": style.default,
            "description": style.name,
            "owner": "",
            "ui": "",
            "update_time": stamp,
        }
        for style in styles
    ]
    return pd.DataFrame(rows)


def qml(style: Style) -> str:
    """The style as QGIS writes it: a rule-based renderer."""
    root = Tree.Element("qgis", version="3.28.0", styleCategories="Symbology")
    renderer = Tree.SubElement(root, "renderer-v2", type="RuleRenderer", symbollevels="0")
    rules = Tree.SubElement(renderer, "rules", key="{rules}")
    symbols = Tree.SubElement(renderer, "symbols")
    for number, rule in enumerate(style.rules):
        own = {"key": f"{{rule-{number}}}", "symbol": str(number), "label": rule.label}
        if rule.conditions:
            own["filter"] = " AND ".join(_expression(one) for one in rule.conditions)
        Tree.SubElement(rules, "rule", own)
        symbol = Tree.SubElement(symbols, "symbol", type=style.shape, name=str(number), alpha="1")
        _qml_layer(symbol, style, rule)
    text = Tree.tostring(root, encoding="unicode")
    return f"<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n{text}"


def _expression(condition: Condition) -> str:
    """A condition in the language of QGIS."""
    field = '"' + condition.field.replace('"', '""') + '"'
    if condition.operator == "null":
        return f"{field} IS NULL"
    value = condition.value
    text = repr(value) if isinstance(value, float) else "'" + value.replace("'", "''") + "'"
    return f"{field} {condition.operator} {text}"


def _qml_layer(symbol: Tree.Element, style: Style, rule: Rule) -> None:
    line = {"outline_color": _rgba(OUTLINE), "outline_width": "0.2"}
    look: dict[Shape, tuple[str, dict[str, str]]] = {
        "fill": (
            "SimpleFill",
            {"color": _rgba(rule.colour, 190), "style": "b_diag" if rule.hatched else "solid"}
            | line,
        ),
        "line": ("SimpleLine", {"line_color": _rgba(rule.colour), "line_width": "0.6"}),
        "marker": (
            "SimpleMarker",
            {"color": _rgba(rule.colour), "name": "circle", "size": f"{style.size_mm:g}"} | line,
        ),
    }
    name, options = look[style.shape]
    layer = Tree.SubElement(symbol, "layer", {"class": name, "enabled": "1", "pass": "0"})
    table = Tree.SubElement(layer, "Option", type="Map")
    for key, value in options.items():
        Tree.SubElement(table, "Option", type="QString", name=key, value=value)


def _rgba(colour: str, alpha: int = 255) -> str:
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return f"{red},{green},{blue},{alpha}"


def sld(style: Style) -> str:
    """The style as Styled Layer Descriptor 1.1, which other programs read."""
    for prefix, space in (("sld", SLD), ("se", SE), ("ogc", OGC)):
        Tree.register_namespace(prefix, space)
    root = Tree.Element(f"{{{SLD}}}StyledLayerDescriptor", version="1.1.0")
    layer = Tree.SubElement(root, f"{{{SLD}}}NamedLayer")
    Tree.SubElement(layer, f"{{{SE}}}Name").text = style.layer
    user = Tree.SubElement(layer, f"{{{SLD}}}UserStyle")
    Tree.SubElement(user, f"{{{SE}}}Name").text = style.name
    feature = Tree.SubElement(user, f"{{{SE}}}FeatureTypeStyle")
    for rule in style.rules:
        _sld_rule(feature, style, rule)
    return Tree.tostring(root, encoding="unicode")


def _sld_rule(feature: Tree.Element, style: Style, rule: Rule) -> None:
    element = Tree.SubElement(feature, f"{{{SE}}}Rule")
    Tree.SubElement(element, f"{{{SE}}}Name").text = rule.label
    if rule.conditions:
        parent = Tree.SubElement(element, f"{{{OGC}}}Filter")
        if len(rule.conditions) > 1:
            parent = Tree.SubElement(parent, f"{{{OGC}}}And")
        for condition in rule.conditions:
            comparison = Tree.SubElement(parent, f"{{{OGC}}}{COMPARISONS[condition.operator]}")
            Tree.SubElement(comparison, f"{{{OGC}}}PropertyName").text = condition.field
            if condition.operator != "null":
                value = condition.value
                text = repr(value) if isinstance(value, float) else value
                Tree.SubElement(comparison, f"{{{OGC}}}Literal").text = text
    _sld_symbol(element, style, rule)


def _sld_symbol(element: Tree.Element, style: Style, rule: Rule) -> None:
    if style.shape == "marker":
        symbol = Tree.SubElement(element, f"{{{SE}}}PointSymbolizer")
        graphic = Tree.SubElement(symbol, f"{{{SE}}}Graphic")
        mark = Tree.SubElement(graphic, f"{{{SE}}}Mark")
        Tree.SubElement(mark, f"{{{SE}}}WellKnownName").text = "circle"
        _paint(mark, "Fill", {"fill": rule.colour})
        _paint(mark, "Stroke", {"stroke": OUTLINE, "stroke-width": "0.5"})
        Tree.SubElement(graphic, f"{{{SE}}}Size").text = f"{style.size_mm * 3:g}"
        return
    name = "PolygonSymbolizer" if style.shape == "fill" else "LineSymbolizer"
    symbol = Tree.SubElement(element, f"{{{SE}}}{name}")
    if style.shape == "fill":
        faint = "0.25" if rule.hatched else "0.75"
        _paint(symbol, "Fill", {"fill": rule.colour, "fill-opacity": faint})
    stroke = OUTLINE if style.shape == "fill" else rule.colour
    _paint(symbol, "Stroke", {"stroke": stroke, "stroke-width": "0.7"})


def _paint(parent: Tree.Element, kind: str, options: dict[str, str]) -> None:
    element = Tree.SubElement(parent, f"{{{SE}}}{kind}")
    for name, value in options.items():
        Tree.SubElement(element, f"{{{SE}}}SvgParameter", name=name).text = value
