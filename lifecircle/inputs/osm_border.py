"""A study's hard border: read, and taken out of the streets before they become a network."""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from pyproj import CRS

from lifecircle.base.geo import GEOGRAPHIC
from lifecircle.base.problems import Problem, refuse_if_any
from lifecircle.inputs.osm_streets import Streets
from lifecircle.inputs.vectors import read_vector
from lifecircle.network.border import cut_at_border
from lifecircle.sources import Source

LISTED = 20
SHAPES = ["Polygon", "MultiPolygon", "LineString", "MultiLineString"]


def with_border(
    streets: Streets, source: Source | None, crs: CRS
) -> tuple[Streets, npt.NDArray[np.object_], tuple[Problem, ...]]:
    """The streets cut at the border, the border as a barrier in degrees, and what was cut.

    Raises `InputRefused` for what is neither an area nor a line.
    """
    if source is None:
        return streets, np.empty(0, dtype=object), ()
    notes: list[Problem] = []
    shapes: gpd.GeoDataFrame = read_vector(source.path, source, notes=notes)
    wrong = shapes.geom_type[~shapes.geom_type.isin(SHAPES)]
    refuse_if_any(
        Problem("geometry_kind", "refused", source.name, row=int(row), value=str(kind))
        for row, kind in wrong.items()
    )
    border = _lines(shapes, crs)
    cut = cut_at_border(streets.ways, streets.squares, border, crs)
    details: dict[str, object] = {
        "count": cut.crossings,
        "ways": len(cut.way_id),
        "squares": cut.squares_kept,
        "ids": ", ".join(map(str, cut.way_id[:LISTED])) or "–",
    }
    notes.append(Problem("border_cut", "noted", source.name, details=details))
    streets = replace(streets, ways=cut.ways, squares=cut.squares)
    barrier = gpd.GeoSeries([border], crs=crs).to_crs(GEOGRAPHIC).to_numpy()
    return streets, np.asarray(barrier, dtype=object), tuple(notes)


def _lines(shapes: gpd.GeoDataFrame, crs: CRS) -> shapely.MultiLineString:
    """Outlines and lines in `crs` as one geometry, which marks it as a border among barriers."""
    flat = shapes.geometry.to_crs(crs).to_numpy()
    areas = shapely.get_dimensions(flat) == 2
    flat[areas] = shapely.boundary(flat[areas])
    return shapely.MultiLineString(list(shapely.get_parts(shapely.union_all(flat))))
