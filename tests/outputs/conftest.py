"""A real headless Chromium, cut off from everything but files; and the demo town, computed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, sync_playwright

import lifecircle as lc
from lifecircle.base.sentences import LANGUAGES, Language
from lifecircle.demo import copy_town
from lifecircle.outputs.report_content import report_content
from lifecircle.outputs.report_content_blocks import Report

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The system's Chromium; skips where there is none, fails instead with CI=true."""
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("no Chromium on the path")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def chromium_page(chromium: Browser) -> Iterator[Callable[..., Page]]:
    """Open a file in a page; at the end of the test it has asked for nothing else.

    Every request but for the file itself is blocked.  Messages of the console and errors fail the
    test too, unless `complaints=True` collects them in `page.complaints` for it to read.
    """
    pages: list[tuple[Page, str, bool, list[str]]] = []

    def open_file(
        path: Path,
        width: int = 1280,
        height: int = 800,
        complaints: bool = False,
        hash_: str = "",
    ) -> Page:
        page = chromium.new_page(viewport={"width": width, "height": height})
        said: list[str] = []
        asked: list[str] = []
        address = path.as_uri()

        def block(route: Route) -> None:
            asked.append(route.request.url)
            route.continue_() if route.request.url.split("#")[0] == address else route.abort()

        page.route("**/*", block)
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.set_default_timeout(5000)
        pages.append((page, address, complaints, asked))
        page.complaints = said  # type: ignore[attr-defined]
        page.goto(address + hash_)
        return page

    yield open_file
    for page, address, complaints, asked in pages:
        said = page.complaints  # type: ignore[attr-defined]
        page.close()
        assert [url.split("#")[0] for url in asked] in ([], [address])
        assert complaints or said == []


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> lc.Result:
    """The result of the demo town, computed once for all tests of this folder."""
    return lc.run(lc.load_study(copy_town(tmp_path_factory.mktemp("demo"))))


@pytest.fixture(scope="session")
def reports(demo: lc.Result) -> dict[Language, Report]:
    """The report of the demo town as data, in both languages."""
    return {language: report_content(demo, language) for language in LANGUAGES}
