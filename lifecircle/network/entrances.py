"""Where an area is entered: never at its centroid, which may lie in a lake."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import shapely

from lifecircle.network.network import WalkNetwork
from lifecircle.network.rules import Flag

Shapes = npt.NDArray[np.object_]


def entrances_of_areas(network: WalkNetwork, areas: Shapes) -> Shapes:
    """For each polygon the places where walkable ways meet its outline, as a MultiPoint.

    Ways above or below the ground do not count.  Where no way meets the outline, the place of the
    outline that is nearest to a way.  `areas` are in the network's crs.
    """
    ground = np.flatnonzero(~network.has(Flag.OFF_GROUND))
    lines = network.lines[ground if len(ground) else slice(None)]
    tree = shapely.STRtree(lines)
    outlines = shapely.boundary(areas)
    area, line = tree.query(outlines, predicate="intersects")
    met = shapely.intersection(outlines[area], lines[line])
    places, index = shapely.get_coordinates(met, return_index=True)
    owner = area[index]
    entrances = np.empty(len(areas), dtype=object)
    for number in np.unique(owner):
        entrances[number] = shapely.MultiPoint(np.unique(places[owner == number], axis=0))
    alone = np.setdiff1d(np.arange(len(areas)), owner)
    if len(alone):
        nearest = tree.nearest(outlines[alone])
        shortest = shapely.shortest_line(outlines[alone], lines[nearest])
        entrances[alone] = shapely.multipoints(shapely.get_point(shortest, 0)[:, np.newaxis])
    return entrances
