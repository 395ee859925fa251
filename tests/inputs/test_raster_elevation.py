"""Heights from an elevation raster: exact on a plane, and refused where there are none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio
from osm_xml import CRS, Town

from lifecircle.base.problems import InputRefused
from lifecircle.inputs.osm_network import read_network
from lifecircle.inputs.raster_elevation import read_elevation
from lifecircle.network.network import WalkNetwork


def tilted(path: Path, west: float = -1000, crs: object = CRS, nodata: float | None = None) -> Path:
    """Ground that rises 1 m in 10 eastwards and 1 m in 20 northwards; cells of 30 m."""
    size, cells = 30.0, 100
    x = west + size * (np.arange(cells) + 0.5)
    y = 2000 - size * (np.arange(cells) + 0.5)
    heights = (x[None, :] / 10 + y[:, None] / 20).astype("float32")
    if nodata is not None:
        heights[:, : cells // 2] = nodata
    profile = {"driver": "GTiff", "width": cells, "height": cells, "count": 1, "dtype": "float32"}
    placed = rasterio.Affine(size, 0, west, 0, -size, 2000)
    with rasterio.open(path, "w", **profile, crs=crs, transform=placed, nodata=nodata) as target:
        target.write(heights, 1)
    return path


def streets(folder: Path) -> WalkNetwork:
    town = Town()
    town.line(1, [(0, 0), (777, 0), (777, 555)], highway="residential")
    return read_network(town.write(folder), crs=CRS)


def refused(path: Path, network: WalkNetwork) -> str:
    with pytest.raises(InputRefused) as error:
        read_elevation(path, network)
    (problem,) = error.value.problems
    problem.line("zh")
    return problem.code


def test_heights_on_a_tilted_plane_are_exact(tmp_path: Path) -> None:
    """Bilinear heights of a plane are the plane, at every vertex and between the old ones."""
    network, problems = read_elevation(tilted(tmp_path / "h.tif"), streets(tmp_path))
    assert problems == ()
    assert np.diff(network.vertex_along_m).max() <= 25
    expected = network.vertex_x / 10 + network.vertex_y / 20
    assert network.vertex_z == pytest.approx(expected, abs=1e-4)


def test_heights_elsewhere_are_refused(tmp_path: Path) -> None:
    assert (
        refused(tilted(tmp_path / "h.tif", west=50_000), streets(tmp_path)) == "elevation_elsewhere"
    )


def test_heights_of_half_the_streets_are_refused_with_their_share(tmp_path: Path) -> None:
    half = tilted(tmp_path / "h.tif", west=-1000, nodata=-9999.0)
    assert refused(half, streets(tmp_path)) == "elevation_elsewhere"


def test_what_is_no_raster_is_refused(tmp_path: Path) -> None:
    network = streets(tmp_path)
    assert refused(tmp_path / "none.tif", network) == "file_missing"
    broken = tmp_path / "broken.tif"
    broken.write_text("no raster", encoding="utf-8")
    assert refused(broken, network) == "raster_unreadable"
    assert refused(tilted(tmp_path / "bare.tif", crs=None), network) == "crs_missing"


def test_porto_alegre_has_heights_and_slopes(test_data: Path) -> None:
    """The real raster: heights between 0 and 300 m, and steep streets take a walker longer."""
    from lifecircle.network.effort import Effort
    from lifecircle.network.profiles import profile_named

    folder = test_data / "porto-alegre"
    plain = read_network(folder / "poa_osm.pbf")
    network, _ = read_elevation(folder / "poa_elevation.tif", plain)
    heights = network.vertex_z[~np.isnan(network.vertex_z)]
    assert 0 <= heights.min() < 10
    assert 100 < heights.max() < 300
    adult = profile_named("adult")
    sloped, flat = Effort(network, adult), Effort(plain, adult)
    assert network.edge_count == plain.edge_count
    both = sloped.forward_m + sloped.backward_m
    assert both.sum() > (flat.forward_m + flat.backward_m).sum()
