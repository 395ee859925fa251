"""Numbers and pictures as PNG in data URIs: small, exact, and unpacked by every browser."""

from __future__ import annotations

import base64
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from rasterio.io import MemoryFile
from rasterio.transform import Affine

Bytes = npt.NDArray[np.uint8]
Colour = tuple[int, int, int, int]

ROW = 1024
"""Values in a row of the picture that carries a series of bytes."""


def bytes_uri(values: Bytes) -> str:
    """A series of bytes as a grey picture, `ROW` to a row, the last row filled up with zeros."""
    rows = max(1, -(-len(values) // ROW))
    picture = np.zeros(rows * ROW, dtype=np.uint8)
    picture[: len(values)] = values
    return _uri(picture.reshape(rows, ROW), None)


def picture_uri(picture: Bytes, colours: Mapping[int, Colour]) -> str:
    """A picture whose pixels are numbers of `colours` (red, green, blue, opacity)."""
    return _uri(picture, colours)


def _uri(picture: Bytes, colours: Mapping[int, Colour] | None) -> str:
    height, width = picture.shape
    options = {"height": height, "width": width, "count": 1, "dtype": "uint8"}
    with MemoryFile() as memory:
        # The transform is not written: the page places a picture by its bounds.
        with memory.open(driver="PNG", transform=Affine.scale(2.0), zlevel=6, **options) as file:
            file.write(picture, 1)
            if colours is not None:
                file.write_colormap(1, dict(colours))
        encoded = base64.b64encode(memory.read()).decode("ascii")
    return f"data:image/png;base64,{encoded}"
