"""Online backgrounds: none by default, and only such as lie where the streets lie."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from lifecircle.base.problems import Problem, StudyRefused, UsageError
from lifecircle.outputs.maps import OnlineBase

TIANDITU = (
    "https://t{{s}}.tianditu.gov.cn/{layer}_w/wmts?SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0"
    "&LAYER={layer}&STYLE=default&TILEMATRIXSET=w&FORMAT=tiles"
    "&TILEMATRIX={{z}}&TILECOL={{x}}&TILEROW={{y}}&tk={key}"
)
TIANDITU_LAYERS = ("vec", "cva")
"""Ground and names; both in CGCS2000, which is not shifted."""

TIANDITU_SERVERS = "01234567"
TIANDITU_CREDIT = "天地图 tianditu.gov.cn"

SHIFTED = ("autonavi", "amap", "gaode", "bdimg", "baidu", "google.cn", "gtimg", "qq.com")
"""Parts of hosts whose tiles are in GCJ-02 or BD-09, up to 600 m away from the streets."""

ADDRESS = re.compile(r"https?://[A-Za-z0-9.-]*(\{s\})?[A-Za-z0-9.-]+(:\d{1,5})?/[^\s\"'<>;\\]*")


def online_base(key: str | None, address: str | None, credit: str) -> OnlineBase | None:
    """What the command line asks for: Tianditu, own tiles, or nothing online.

    Raises `UsageError` where it asks for both.
    """
    if key is not None and address is not None:
        raise UsageError("one background is enough: give --tianditu or --tiles, not both")
    if key is not None:
        return tianditu(key)
    return None if address is None else own_tiles(address, credit)


def tianditu(key: str) -> OnlineBase:
    """Tianditu with the user's own key, which every reader of the page can then see.

    Raises `StudyRefused` for what cannot be a key.
    """
    if not re.fullmatch(r"[0-9A-Za-z]{16,64}", key):
        raise StudyRefused([Problem("tianditu_key", "refused", "--tianditu", value=key)])
    layers = [TIANDITU.format(layer=layer, key=key) for layer in TIANDITU_LAYERS]
    return OnlineBase(layers, TIANDITU_CREDIT, TIANDITU_SERVERS)


def own_tiles(address: str, credit: str) -> OnlineBase:
    """Tiles of an XYZ or WMTS server of the user's own.

    Raises `StudyRefused` for an address without {z}, {x} and {y}, and for shifted maps.
    """
    if any(part in (urlsplit(address).hostname or "") for part in SHIFTED):
        raise StudyRefused([Problem("tiles_shifted", "refused", "--tiles", value=address)])
    places = all(place in address for place in ("{z}", "{x}", "{y}"))
    if not places or "{s}" in address or not ADDRESS.fullmatch(address):
        raise StudyRefused([Problem("tiles_address", "refused", "--tiles", value=address)])
    return OnlineBase([address], credit)


def hosts(online: OnlineBase) -> list[str]:
    """What the page's policy must let pictures come from: schemes and hosts, sorted."""
    found = set()
    for layer in online.layers:
        for server in online.subdomains or "-":
            parts = urlsplit(layer.replace("{s}", server))
            found.add(f"{parts.scheme}://{parts.netloc}")
    return sorted(found)
