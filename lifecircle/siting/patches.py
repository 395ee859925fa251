"""Demand points gathered into compact patches: what a planner can name, visit and serve at once."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import KDTree

from lifecircle.base.geo import Floats
from lifecircle.network.network import Ints

TOGETHER_M = 150.0
"""Points nearer than this to each other belong to one patch."""

FINE_M = 25.0

CELL_M = 50.0
"""Points are joined by cells of this size, so that dense demand costs no more than sparse."""


def patch_numbers(x: Floats, y: Floats, group: Ints, span_m: Floats) -> Ints:
    """The patch of each point, counted from 0: connected points of one group.

    A patch wider than its points' `span_m` is cut into equal parts that are not, because one
    facility could not serve it.  The numbers do not depend on the order of the points.
    """
    connected = connected_points(x, y, group)
    table = pd.DataFrame({"patch": connected, "x": x, "y": y, "span": span_m})
    by_patch = table.groupby("patch")
    parts = [connected]
    for axis in ("x", "y"):
        low = by_patch[axis].transform("min")
        extent = by_patch[axis].transform("max") - low
        count = np.maximum(np.ceil(extent / table["span"]), 1)
        width = np.maximum(extent / count, 1e-9)
        parts.append(np.minimum((table[axis] - low) // width, count - 1).to_numpy(np.int64))
    return numbered(*parts)


def connected_points(x: Floats, y: Floats, group: Ints) -> Ints:
    """For each point the connected piece of its group, by cells not more than 150 m apart."""
    cell_of = numbered(group, x // CELL_M, y // CELL_M)
    count = np.bincount(cell_of)
    middle = np.column_stack(
        [np.bincount(cell_of, values) / count for values in (x, y, _apart(group))]
    )
    pairs = KDTree(middle).query_pairs(TOGETHER_M, output_type="ndarray")
    graph = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(count),) * 2)
    piece: Ints = connected_components(graph, directed=False)[1].astype(np.int64)
    return piece[cell_of]


def _apart(group: Ints) -> Floats:
    """A third coordinate that keeps groups further apart than anything is joined."""
    return np.unique(group, return_inverse=True)[1].astype(float) * (10 * TOGETHER_M)


def numbered(*keys: Ints | Floats) -> Ints:
    """The number of each row among the different rows of whole numbers, in their order."""
    number = np.zeros(len(keys[0]), dtype=np.int64)
    for key in keys:
        own = (key - key.min(initial=0)).astype(np.int64)
        joined = number * (int(own.max(initial=0)) + 1) + own
        number = np.unique(joined, return_inverse=True)[1].astype(np.int64)
    return number


def outlines(x: Floats, y: Floats, patch: Ints) -> npt.NDArray[np.object_]:
    """For each patch, in their order, the ground around its points.

    One point for each square of `FINE_M` draws it; no other is further than √2 times that.
    """
    kept = np.unique(numbered(patch, x // FINE_M, y // FINE_M), return_index=True)[1]
    x, y, patch = x[kept], y[kept], patch[kept]
    order = np.argsort(patch, kind="stable")
    points = shapely.multipoints(np.column_stack([x[order], y[order]]), indices=patch[order])
    hulls = shapely.concave_hull(points, ratio=0.25)
    return np.asarray(shapely.buffer(hulls, CELL_M, quad_segs=4), dtype=object)
