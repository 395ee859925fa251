"""No place in or on a square is passed over by the grid that squares are looked for with."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from lifecircle.network.crossing import MOST_CELLS, RIM_M, _CellMask


@pytest.mark.parametrize("wide_m", [100.0, 30_000.0, 3_000_000.0])
def test_the_grid_holds_every_place_in_or_on_a_polygon(wide_m: float) -> None:
    rng = np.random.default_rng([13, int(wide_m)])
    corners = rng.uniform(-wide_m, wide_m, (50, 2)) + [500_000.0, 3_450_000.0]
    shapes = shapely.box(*corners.T, *(corners + rng.uniform(1.0, 300.0, (50, 2))).T)
    rims = shapely.line_interpolate_point(
        np.repeat(shapely.boundary(shapes), 20), rng.random(1000), normalized=True
    )
    around = shapely.points(np.repeat(corners, 40, axis=0) + rng.uniform(-400.0, 700.0, (2000, 2)))
    ends = shapely.points(shapely.get_coordinates(shapes))
    places = np.concatenate([rims, around, ends])
    mask = _CellMask(shapely.bounds(shapes))
    held = mask.may_hold(shapely.get_x(places), shapely.get_y(places))
    on_one = np.unique(shapely.STRtree(shapes).query(places, "dwithin", distance=RIM_M)[0])
    assert len(on_one) >= 1000 + len(ends)
    assert held[on_one].all()
    assert mask.touched.size <= 2 * MOST_CELLS


def test_places_far_away_and_nowhere_are_passed_over() -> None:
    mask = _CellMask(np.array([[0.0, 0.0, 10.0, 10.0], [5_000.0, 5_000.0, 5_010.0, 5_010.0]]))
    x = np.array([5.0, 2_500.0, -1e9, 1e9, np.nan, 5_005.0])
    y = np.array([5.0, 2_500.0, 5.0, 5.0, 5.0, 5_005.0])
    assert mask.may_hold(x, y).tolist() == [True, False, False, False, False, True]
