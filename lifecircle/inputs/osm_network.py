"""The walking network of an OSM extract."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import shapely
from pyproj import CRS

from lifecircle.base.cache import kept
from lifecircle.base.geo import Floats, centred_crs, project
from lifecircle.base.problems import UsageError
from lifecircle.inputs.osm_graph import network_of_graph, read_graphml
from lifecircle.inputs.osm_streets import Streets, read_streets
from lifecircle.network.build import build_network
from lifecircle.network.network import SquareArea, WalkNetwork
from lifecircle.network.rules import Policy

if TYPE_CHECKING:
    import networkx as nx


NETWORK = (WalkNetwork, SquareArea)
"""What a kept network is made of."""


def read_network(
    path: str | Path | nx.MultiDiGraph[Any],
    policy: Policy | None = None,
    crs: CRS | None = None,
    extent: tuple[float, float, float, float] | None = None,
) -> WalkNetwork:
    """The walking network of an `.osm.pbf`, `.osm` or `.graphml` file, or of an OSMnx graph.

    `crs` is metric (default: a transverse Mercator centred on the streets); `extent` is the box
    in degrees that the extract is complete for, where its header does not say.  Raises
    `InputRefused` where the file is no OSM extract or holds no way that is walked, or where a
    graph has no lengths; `UsageError` for a `crs` whose metres are none.
    """
    policy = policy or Policy()
    _refuse_distorting(crs)
    if not isinstance(path, str | Path):
        return network_of_graph(path, policy, crs)
    if Path(path).suffix.lower() == ".graphml":
        return read_graphml(Path(path), policy, crs)
    return kept(
        "streets-network",
        lambda: _read(Path(path), policy, crs, extent),
        [Path(path), policy, crs, extent],
        NETWORK,
    )


def _read(
    path: Path,
    policy: Policy,
    crs: CRS | None,
    extent: tuple[float, float, float, float] | None,
) -> WalkNetwork:
    streets = read_streets(path, policy)
    return streets_network(streets, streets.barriers, crs, extent)


def _refuse_distorting(crs: CRS | None) -> None:
    """Degrees are no metres, and those of EPSG:3857 are 17 % too long in Shanghai."""
    if crs is None:
        return
    crs = CRS.from_user_input(crs)
    metric = crs.is_projected and crs.axis_info[0].unit_name == "metre"
    if not metric or crs.to_epsg() == 3857:
        raise UsageError(f"{crs.name} does not measure in metres; take a local projected CRS")


def streets_network(
    streets: Streets,
    barriers: npt.NDArray[np.object_],
    crs: CRS | None = None,
    extent: tuple[float, float, float, float] | None = None,
) -> WalkNetwork:
    """The network of streets already read; `barriers` are degrees."""
    if crs is None:
        crs = centred_crs(float(np.mean(streets.ways.lon)), float(np.mean(streets.ways.lat)))
    ground = known_ground(streets, extent)
    arguments = (
        streets.ways,
        crs,
        streets.gates,
        _projected(ground, crs),
        _projected(barriers, crs),
        streets.delays,
        streets.squares,
    )
    return kept("network", lambda: build_network(*arguments), arguments, NETWORK)


def known_ground(
    streets: Streets, extent: tuple[float, float, float, float] | None = None
) -> shapely.Geometry:
    """The ground in degrees that an extract is complete for.

    As declared, else the box of its header, else the convex hull of objects that are no part of
    a way: ways cut out whole reach beyond the extract, a post box does not.
    """
    box = extent or streets.bounds
    if box is not None:
        return shapely.box(*box)
    ways = np.column_stack([streets.ways.lon, streets.ways.lat])
    places = streets.free_nodes if len(streets.free_nodes) >= 3 else ways
    return shapely.MultiPoint(places).convex_hull


def _projected(geometry: Any, crs: CRS) -> Any:
    """One geometry, or an array of them, from degrees to metres of `crs`."""

    def metres(lonlat: Floats) -> Floats:
        return np.column_stack(project(lonlat[:, 0], lonlat[:, 1], crs))

    return shapely.transform(geometry, metres)
