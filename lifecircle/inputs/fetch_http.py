"""Asking a server over HTTP: patient where it is busy, brief where it is not there.

Only http and https, also after a redirect; never a file of this computer.  A busy server is asked
again after the wait that it names, a few times and not for ever.
"""

from __future__ import annotations

import gzip
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPException, HTTPResponse
from importlib.metadata import version
from typing import IO, Any, cast
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPRedirectHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
)

from lifecircle.base.problems import InputRefused, Problem

SCHEMES = ("http", "https")
BUSY = frozenset({429, 502, 503, 504})
"""Answers that mean: not now."""

WAITS_S = (10.0, 30.0, 60.0)
"""Before each further try, where the server names no wait of its own."""

LONGEST_WAIT_S = 300.0

Waiting = Callable[[str, int, float], None]
"""Told the host, its answer and the seconds before the next try."""


class Unanswered(Exception):
    """The server answered with a status that is no answer."""

    def __init__(self, status: int, reason: str, retry_after: str | None) -> None:
        self.status, self.reason, self.retry_after = status, reason, retry_after
        super().__init__(f"{status} {reason}")


def patient(host: str, ask: Callable[[], Any], waiting: Waiting) -> Any:
    """What `ask` gives; it may raise `Unanswered` a few times, with waits between.

    Raises `InputRefused` where the server stays busy, refuses, or cannot be reached.
    """
    for wait in (*WAITS_S, None):
        try:
            return ask()
        except Unanswered as error:
            if error.status not in BUSY:
                details: dict[str, object] = {"status": error.status, "reason": error.reason}
                raise refused("server_error", host, **details) from None
            if wait is None:
                tries = len(WAITS_S) + 1
                raise refused("server_busy", host, status=error.status, tries=tries) from None
            seconds = _wait_s(error.retry_after, wait)
            waiting(host, error.status, seconds)
            time.sleep(seconds)
    raise AssertionError("the last try gives an answer or raises")


def _wait_s(retry_after: str | None, otherwise: float) -> float:
    """The server's own wait where it is a number of seconds, within reason."""
    if retry_after is None or not retry_after.strip().isdigit():
        return otherwise
    return min(float(retry_after), LONGEST_WAIT_S)


@contextmanager
def answer_of(
    url: str, timeout_s: float, headers: Mapping[str, str], content: bytes | None = None
) -> Iterator[HTTPResponse]:
    """The server's answer, to be read; POST where there is `content`.

    Raises `Unanswered` for a status from 400 on, and `InputRefused` where there is no server.
    """
    host = host_of(url)
    request = Request(url, content, {"User-Agent": user_agent(), **headers})  # noqa: S310
    with unreachable(host, timeout_s):
        try:
            response = cast(HTTPResponse, _opener().open(request, timeout=timeout_s))
        except HTTPError as error:
            with error:
                after = error.headers.get("Retry-After")
                raise Unanswered(error.code, str(error.reason), after) from None
        with response:
            yield response


def unpacked(response: HTTPResponse) -> IO[bytes]:
    """The body of an answer, which may have come packed."""
    packed = response.headers.get("Content-Encoding", "").lower() == "gzip"
    return cast("IO[bytes]", gzip.GzipFile(fileobj=response) if packed else response)


@contextmanager
def unreachable(host: str, timeout_s: float) -> Iterator[None]:
    """Turn what a missing or breaking connection raises into one line."""
    try:
        yield
    except URLError as error:
        raise _no_connection(host, error.reason, timeout_s) from None
    except (HTTPException, EOFError, gzip.BadGzipFile) as error:
        raise refused("answer_cut", host, error=type(error).__name__) from None
    except (TimeoutError, ConnectionError, ssl.SSLError, socket.gaierror) as error:
        raise _no_connection(host, error, timeout_s) from None


def _no_connection(host: str, reason: object, timeout_s: float) -> InputRefused:
    if isinstance(reason, TimeoutError):
        return refused("server_slow", host, seconds=f"{timeout_s:.0f}")
    if isinstance(reason, ssl.SSLError):
        return refused("server_certificate", host, error=reason.reason or reason)
    return refused("no_network", host, error=getattr(reason, "strerror", None) or reason)


class SameSafety(HTTPRedirectHandler):
    """Redirects stay with http and https, and never leave https for http."""

    def redirect_request(self, req: Request, fp: Any, code: int, msg: str, headers: Any,
                         newurl: str) -> Request | None:  # fmt: skip
        """The request for the new address; `InputRefused` where it leads to less safety."""
        scheme = urlsplit(newurl).scheme
        if scheme not in SCHEMES or (req.type == "https" and scheme == "http"):
            fp.close()
            raise refused("redirect_unsafe", host_of(req.full_url), url=newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _opener() -> OpenerDirector:
    opener = OpenerDirector()
    for handler in (
        ProxyHandler(),
        HTTPHandler(),
        HTTPSHandler(),
        SameSafety(),
        HTTPDefaultErrorHandler(),
        HTTPErrorProcessor(),
    ):
        opener.add_handler(handler)
    return opener


def refuse_url(url: str) -> None:
    """Raise `InputRefused` for anything but an http or https address with a host."""
    parts = urlsplit(url)
    if parts.scheme not in SCHEMES or not parts.hostname or not url.isprintable() or " " in url:
        raise refused("url_unfit", url)


def host_of(url: str) -> str:
    """The server that an address names, with its port."""
    return urlsplit(url).netloc.rpartition("@")[2]


def public_url(url: str) -> str:
    """An address without names, passwords and keys, as it may be written down."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{host_of(url)}{parts.path}"


def user_agent() -> str:
    """How we introduce ourselves, as the OpenStreetMap servers ask."""
    return f"lifecircle/{version('lifecircle')} (+https://github.com/lifecircle/lifecircle)"


def refused(code: str, source: str, **details: object) -> InputRefused:
    """One problem about a server or an address."""
    return InputRefused([Problem(code, "refused", source, details=details)])
