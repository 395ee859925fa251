"""The page without any data: folium's map, Leaflet and our own script, and its policy.

The shell holds nothing that comes from a file of the study.  Its scripts are therefore all ours,
and the Content-Security-Policy can allow exactly them; the data is put in afterwards.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Sequence
from functools import cache
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path
from typing import Any

import folium
from branca.element import MacroElement
from folium.template import Template
from xstatic.pkg import leaflet

DATA_PLACE = "{}"
SCRIPTS = (
    "words.js", "address.js", "points.js", "map.js", "gaps.js", "facilities.js", "legend.js",
    "card.js", "evidence.js", "page.js",
)  # fmt: skip
PICTURES = "img-src data: blob:"
POLICY = (
    "default-src 'none'; script-src {scripts}; style-src {styles}; " + PICTURES + "; "
    "connect-src 'none'; base-uri 'none'; form-action 'none'"
)
LOADING_ATTRIBUTES = frozenset({"src", "srcset", "href", "data", "poster", "action", "background"})
ESCAPES = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


class PageElement(MacroElement):
    """Our one element on folium's map: styles, Leaflet, the layout and the page's script."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "Page"
        self._template = Template(page_file("page.html"))
        self.leaflet_css = _without_images(_leaflet_file("leaflet.css"))
        self.leaflet_js = _leaflet_file("leaflet.js")
        self.css = page_file("page.css")
        self.js = "\n".join(page_file(name) for name in SCRIPTS)
        self.data_place = DATA_PLACE


def fill(data: dict[str, Any], picture_hosts: Sequence[str] = ()) -> str:
    """The page that shows `data`; pictures may come from `picture_hosts` besides."""
    page = shell()
    if picture_hosts:
        page = page.replace(PICTURES, f"{PICTURES} {' '.join(picture_hosts)}", 1)
    return put_in(page, data)


def put_in(page: str, data: dict[str, Any]) -> str:
    """`page` with `data` in its place, as JSON that can neither end nor begin an element."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for character, escape in ESCAPES.items():
        text = text.replace(character, escape)
    before, after = page.split(f">{DATA_PLACE}</script>")
    return f"{before}>{text}</script>{after}"


@cache
def shell() -> str:
    """The page before its data, always the same, with its policy first in its head."""
    canvas = folium.Map(tiles=None, zoom_control=False, location=(0, 0))
    canvas.default_js, canvas.default_css = [], []
    canvas._id = "page"
    canvas.add_child(PageElement())
    return sealed(canvas.get_root().render())


def sealed(page: str) -> str:
    """`page` with the policy that allows its own scripts and styles, and nothing else.

    Raises AssertionError where the page would load something: a mistake of ours.
    """
    parts = _Parts(page)
    if parts.loaded:
        raise AssertionError(f"the page would load {parts.loaded[0]}")
    policy = POLICY.format(scripts=_hashes(parts.scripts), styles=_hashes(parts.styles))
    meta = f'<head>\n<meta http-equiv="Content-Security-Policy" content="{policy}">'
    return page.replace("<head>", meta, 1)


class _Parts(HTMLParser):
    """The scripts and styles inside a page, and whatever it would load from outside."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.scripts: list[str] = []
        self.styles: list[str] = []
        self.loaded: list[str] = []
        self._inside = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        kinds = {"script": "script", "style": "style"}
        self._inside = "" if ("type", "application/json") in attrs else kinds.get(tag, "")
        self.loaded += [f"{tag} {name}" for name, _ in attrs if name in LOADING_ATTRIBUTES]

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "script":
            self.scripts.append(data)
        if self._inside == "style":
            self.styles.append(data)
            self.loaded += re.findall(r"url\([^)]*\)|@import[^;]*", data)


def _hashes(texts: list[str]) -> str:
    digests = (hashlib.sha256(text.encode("utf-8")).digest() for text in texts)
    return " ".join(f"'sha256-{base64.b64encode(digest).decode('ascii')}'" for digest in digests)


def page_file(name: str) -> str:
    """A part of our own of the pages, as text."""
    return files("lifecircle.outputs").joinpath("page", name).read_text(encoding="utf-8")


def _leaflet_file(name: str) -> str:
    return Path(leaflet.BASE_DIR, name).read_text(encoding="utf-8")


def _without_images(style: str) -> str:
    """Leaflet's style without its icons, which the page does not use."""
    return re.sub(r"(background-image|behavior):\s*url\([^)]*\);?", "", style)
