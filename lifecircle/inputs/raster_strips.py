"""Reading a large raster a strip at a time, with a block cache of known size."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import rasterio
from rasterio.windows import Window

STRIP_CELLS = 4_000_000
"""At most so many cells are held beside those that are wanted."""

CACHE_MB = 64
"""GDAL's own cache of blocks; it would take a twentieth of the machine's memory."""


def bounded() -> Any:
    """A block within which GDAL keeps to `CACHE_MB`."""
    return rasterio.Env(GDAL_CACHEMAX=CACHE_MB)


def strips(dataset: Any, window: Window) -> Iterator[Window]:
    """`window` in strips of whole rows, top to bottom, cut where the file's blocks end."""
    high = max(1, dataset.block_shapes[0][0])
    rows = max(1, STRIP_CELLS // max(1, window.width) // high) * high
    top, bottom = window.row_off, window.row_off + window.height
    while top < bottom:
        # The first strip ends at a block's edge, so that no block is read twice.
        end = min(bottom, (top // high) * high + rows)
        yield Window(window.col_off, top, window.width, end - top)
        top = end
