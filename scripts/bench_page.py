"""How quick a map page is: seconds until it can be used, and frames a second while panning.

    python scripts/bench_page.py [PAGE.html] [--runs 9]

Without a page, the made-up city (`made_up_city.py`) is drawn into a temporary folder first.
Headless Chromium without a graphics card, every request blocked, median of the runs.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
DRAG_SECONDS = 2.0

COUNT_FRAMES = """() => {
  window.frames_seen = 0;
  const count = () => { window.frames_seen += 1; requestAnimationFrame(count); };
  requestAnimationFrame(count);
}"""

PICKED = """async () => {
  const began = performance.now();
  const pick = document.getElementById("service");
  pick.selectedIndex = (pick.selectedIndex + 1) % pick.options.length;
  pick.dispatchEvent(new Event("change"));
  await new Promise(requestAnimationFrame);
  await new Promise(requestAnimationFrame);
  return performance.now() - began;
}"""


def main() -> None:
    """Measure a page and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("page", nargs="?", type=Path)
    parser.add_argument("--runs", type=int, default=9)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        page = options.page or drawn_city(Path(folder))
        program = next(filter(None, map(shutil.which, BROWSERS)), None)
        if program is None:
            sys.exit("no Chromium on the path")
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        report(browser, page.resolve(), options.runs)
        browser.close()


def drawn_city(folder: Path) -> Path:
    """The page of the made-up city."""
    from made_up_city import made_up_city

    from lifecircle.outputs.maps import write_map

    city = made_up_city()
    began = time.perf_counter()
    write_map(city, folder / "city.html")
    print(f"written in        {time.perf_counter() - began:8.2f} s")
    return folder / "city.html"


def report(browser: Browser, file: Path, runs: int) -> None:
    """Open the page `runs` times and print what it took."""
    ready, units, dots, picks = [], [], [], []
    for _ in range(runs):
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        requests: list[str] = []
        page.on("request", lambda request, seen=requests: seen.append(request.url))
        ready.append(seconds_until_ready(page, file))
        page.evaluate(COUNT_FRAMES)
        units.append(frames_while_dragging(page))
        picks.append(page.evaluate(PICKED))
        page.locator('[data-layer="missed"]').click()
        page.wait_for_selector("canvas.points:not([hidden])")
        dots.append(frames_while_dragging(page))
        nodes = page.evaluate("document.querySelectorAll('*').length")
        page.close()
        assert len(requests) == 1, requests
    print(f"size              {file.stat().st_size / 1e6:8.2f} MB")
    print(f"elements          {nodes:8d}")
    print(f"ready             {statistics.median(ready):8.2f} s")
    print(f"panning, units    {statistics.median(units):8.1f} frames/s")
    print(f"panning, demand   {statistics.median(dots):8.1f} frames/s")
    print(f"another service   {statistics.median(picks):8.0f} ms")


def frames_while_dragging(page: Page) -> float:
    """Frames a second while a hand drags the map to and fro, letting go four times."""
    before, began, step = page.evaluate("window.frames_seen"), time.perf_counter(), 0
    while time.perf_counter() - began < DRAG_SECONDS:
        if step % 40 == 0:
            page.mouse.up()
            page.mouse.move(700, 400)
            page.mouse.down()
        step += 1
        page.mouse.move(700 + 5 * (step % 40), 400 + 3 * (step % 40))
    page.mouse.up()
    return (page.evaluate("window.frames_seen") - before) / (time.perf_counter() - began)


def seconds_until_ready(page: Page, file: Path) -> float:
    """From the start of loading until the list stands and the demand is unpacked."""
    began = time.perf_counter()
    page.goto(file.as_uri())
    page.wait_for_selector("#rows .row")
    page.wait_for_selector("body[data-ready]", state="attached")
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
