"""Residents, from the floors of the homes, as whole people in cells of 100 m."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import rasterio
import shapely
from pyproj import Transformer
from rasterio.transform import Affine, from_origin
from shapely.geometry import Polygon

from demo_town.frame import local, lonlat
from demo_town.homes import PEOPLE, Home

CRS = "EPSG:32651"
CELL_M = 100.0
RESIDENTS = 62_000
NO_PEOPLE_KNOWN = 65_535
BANDS = ("residents", "residents_60plus", "children_0_3")


@dataclass(frozen=True)
class Cells:
    """Residents by cell: `bands` has shape (3, rows, columns), north first."""

    bands: np.ndarray
    transform: Affine
    shapes: np.ndarray
    """Each cell as a polygon in local metres, shape (rows, columns)."""

    def sums(self, area: Polygon) -> dict[str, float]:
        """People in `area` if each cell's people are spread evenly over it."""
        share = shapely.area(shapely.intersection(self.shapes, area)) / shapely.area(self.shapes)
        return {name: float((self.bands[index] * share).sum()) for index, name in enumerate(BANDS)}

    def in_cells_of(self, area: Polygon) -> dict[str, int]:
        """People of the cells whose middle lies in `area`."""
        inside = shapely.contains(area, shapely.centroid(self.shapes))
        return {name: int(self.bands[index][inside].sum()) for index, name in enumerate(BANDS)}


def spread(homes: list[Home], town: Polygon, rng: np.random.Generator) -> Cells:
    """`RESIDENTS` people over the homes by floor area, in cells that cover `town` and the homes."""
    table = pd.DataFrame(
        {
            "estate": [home.estate for home in homes],
            "floor_area": [home.floor_area for home in homes],
            "older": [PEOPLE[home.kind][0] for home in homes],
            "small": [PEOPLE[home.kind][1] for home in homes],
        }
    )
    estates = {name: rng.uniform(0.85, 1.15, 3) for name in dict.fromkeys(table["estate"])}
    vary = np.array([estates[name] for name in table["estate"]])
    people = table["floor_area"].to_numpy() * vary[:, 0]
    people *= RESIDENTS / people.sum()
    x, y = _metres(np.array([home.shape.centroid.coords[0] for home in homes]))
    west, south, east, north = _bounds(x, y, *_metres(np.array(town.exterior.coords)))
    shape = round((north - south) / CELL_M), round((east - west) / CELL_M)
    cell = np.ravel_multi_index(
        (((north - y) // CELL_M).astype(int), ((x - west) // CELL_M).astype(int)), shape
    )
    weights = (people, people * table["older"] * vary[:, 1], people * table["small"] * vary[:, 2])
    sums = [np.bincount(cell, weights=weight, minlength=shape[0] * shape[1]) for weight in weights]
    bands = np.array([_whole(one).reshape(shape) for one in sums])
    transform = from_origin(west, north, CELL_M, CELL_M)
    return Cells(bands, transform, _cell_shapes(shape, west, north))


def _metres(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    degrees = lonlat(points)
    return Transformer.from_crs("EPSG:4326", CRS, always_xy=True).transform(*degrees.T)


def _bounds(*metres: np.ndarray) -> tuple[float, float, float, float]:
    """West, south, east, north of the cells that hold all given x and y, and one more around."""
    x, y = np.concatenate(metres[::2]), np.concatenate(metres[1::2])
    west, south = (np.floor(np.array([x.min(), y.min()]) / CELL_M) - 1) * CELL_M
    east, north = (np.ceil(np.array([x.max(), y.max()]) / CELL_M) + 1) * CELL_M
    return float(west), float(south), float(east), float(north)


def _whole(values: np.ndarray) -> np.ndarray:
    """Whole numbers with the same (rounded) sum: the largest remainders are rounded up."""
    low = np.floor(values)
    missing = round(float(values.sum())) - int(low.sum())
    up = np.argsort(low - values, kind="stable")[:missing]
    low[up] += 1
    return low.astype(int)


def _cell_shapes(shape: tuple[int, int], west: float, north: float) -> np.ndarray:
    rows, columns = np.indices(shape)
    left, top = west + columns * CELL_M, north - rows * CELL_M
    cells = shapely.box(left, top - CELL_M, left + CELL_M, top)
    back = Transformer.from_crs(CRS, "EPSG:4326", always_xy=True)
    return shapely.transform(
        cells, lambda xy: local(np.column_stack(back.transform(xy[:, 0], xy[:, 1])))
    )


def write_raster(cells: Cells, path: Path) -> None:
    """Three bands of whole people; cells without anybody hold 0. Uncompressed: it is small."""
    count, height, width = cells.bands.shape
    profile = {
        "driver": "GTiff", "dtype": "uint16", "count": count, "height": height, "width": width,
        "crs": CRS, "transform": cells.transform, "nodata": NO_PEOPLE_KNOWN,
    }  # fmt: skip
    with rasterio.open(path, "w", **profile) as raster:
        raster.write(cells.bands.astype("uint16"))
        for index, name in enumerate(BANDS, start=1):
            raster.set_band_description(index, name)
