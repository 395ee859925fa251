"""Servers on this computer that answer as Nominatim, Overpass and a download site do."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass
class Answer:
    """What a server says: a status, headers and a body; `cut` ends the connection after so many."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None


@dataclass
class Asked:
    """One request: the path, its query or form by key, and its headers."""

    path: str
    words: dict[str, str]
    headers: dict[str, str]


@dataclass
class Server:
    url: str
    asked: list[Asked]


def words_of(text: str) -> dict[str, str]:
    return {key: values[0] for key, values in parse_qs(text).items()}


@contextmanager
def serving(answer: Callable[[Asked], Answer]) -> Iterator[Server]:
    """A server on the loopback that answers each request by `answer`."""
    asked: list[Asked] = []

    class Handler(BaseHTTPRequestHandler):
        def reply(self, words: dict[str, str]) -> None:
            request = Asked(urlsplit(self.path).path, words, dict(self.headers))
            asked.append(request)
            said = answer(request)
            self.send_response(said.status)
            for name, value in ({"Content-Length": str(len(said.body))} | said.headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(said.body if said.cut is None else said.body[: said.cut])

        def do_GET(self) -> None:
            self.reply(words_of(urlsplit(self.path).query))

        def do_POST(self) -> None:
            self.reply(words_of(self.rfile.read(int(self.headers["Content-Length"])).decode()))

        def log_message(self, *_: object) -> None:
            """Tests are quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield Server(f"http://127.0.0.1:{server.server_port}", asked)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def found(
    osm_id: int, name: str, shape: Any, kind: str = "relation", **more: Any
) -> dict[str, Any]:
    """One result as Nominatim gives it."""
    west, south, east, north = shape.bounds
    return {
        "osm_type": kind, "osm_id": osm_id, "class": "boundary", "type": "administrative",
        "importance": 0.5, "name": name, "display_name": f"{name}, 杨浦区, 上海市, 中国",
        "lat": str(shape.centroid.y), "lon": str(shape.centroid.x),
        "boundingbox": [str(south), str(north), str(west), str(east)],
        "geojson": shape.__geo_interface__, **more,
    }  # fmt: skip


def as_json(content: object) -> Answer:
    return Answer(json.dumps(content).encode(), headers={"Content-Type": "application/json"})
