"""Habits of the code that keep whole classes of bad input out."""

from __future__ import annotations

import ast
from pathlib import Path

from lifecircle.outputs.gis_shapes import FIELDS

PACKAGE = Path(__file__).resolve().parents[2] / "lifecircle"


def calls(name: str) -> list[tuple[Path, ast.Call]]:
    """Every call of a method `name` in the package."""
    return [
        (path, node)
        for path in sorted(PACKAGE.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == name
    ]


def test_every_transformer_says_always_xy() -> None:
    """Case 64: without it a code's own order of axes decides, and quietly swaps them."""
    found = [(path, call) for path, call in calls("from_crs") if "always_xy" not in ast.dump(call)]
    assert calls("from_crs") and not found


def test_only_one_module_writes_shapefiles_and_its_fields_are_ascii() -> None:
    """Case 61: one with Chinese column names cannot be read back."""
    texts = {p.name: p.read_text(encoding="utf-8") for p in (PACKAGE / "outputs").glob("*.py")}
    writers = {name for name, text in texts.items() if ".shp" in text or "ESRI Shapefile" in text}
    assert writers == {"gis_shapes.py"}
    names = [name for fields in FIELDS.values() for name in fields]
    assert names and all(name.isascii() for name in names)


def test_every_raster_is_opened_by_a_named_driver() -> None:
    """Case 103: a VRT under another name may read other files, or ask a server."""
    opened = [
        call for path, call in calls("open") if getattr(call.func, "value", None)
        and getattr(call.func.value, "id", "") == "rasterio"  # type: ignore[attr-defined]
    ]  # fmt: skip
    assert opened and all(any(k.arg == "driver" for k in call.keywords) for call in opened)
