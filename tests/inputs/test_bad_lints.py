"""Habits of the code that keep whole classes of bad input out."""

from __future__ import annotations

import ast
from pathlib import Path

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


def test_no_output_is_a_shapefile() -> None:
    """Case 61: one with Chinese column names cannot be read back."""
    texts = [path.read_text(encoding="utf-8") for path in (PACKAGE / "outputs").glob("*.py")]
    assert texts and not any(".shp" in text or "ESRI Shapefile" in text for text in texts)


def test_every_raster_is_opened_by_a_named_driver() -> None:
    """Case 103: a VRT under another name may read other files, or ask a server."""
    opened = [
        call for path, call in calls("open") if getattr(call.func, "value", None)
        and getattr(call.func.value, "id", "") == "rasterio"  # type: ignore[attr-defined]
    ]  # fmt: skip
    assert opened and all(any(k.arg == "driver" for k in call.keywords) for call in opened)
