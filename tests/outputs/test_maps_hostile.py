"""Names that would run as programs if a page took them for more than text."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from squares import (
    LABELS,
    PLACES,
    Open,
    coverage,
    facilities,
    gaps,
    page,
    rings,
    rows,
    screen_place,
    sites,
    squares,
    text,
)

from lifecircle.outputs.maps import MapPage, map_html, write_map
from lifecircle.sources import Source

HIT = "window.hit = 1"
TAGS = (
    f"<script>{HIT}</script>",
    f"</script><script>{HIT}</script>",
    f"<SCRIPT>{HIT}</SCRIPT>",
    f"<scr<script>ipt>{HIT}</script>",
    f"<img src=x onerror='{HIT}'>",
    "<img src=x onerror=&#119;indow.hit=1>",
    f"<img/src/onerror={HIT.replace(' ', '')}>",
    f"<svg onload='{HIT}'>",
    f"<svg><script>{HIT}</script></svg>",
    f"<svg><animate onbegin='{HIT}' attributeName=x dur=1s>",
    f"<body onload='{HIT}'>",
    "<iframe srcdoc='<script>parent.hit = 1</script>'></iframe>",
    "<iframe src='javascript:parent.hit=1'></iframe>",
    f"<a href='javascript:{HIT}' autofocus onfocus='{HIT}'>a</a>",
    f"<input autofocus onfocus='{HIT}'>",
    f"<details open ontoggle='{HIT}'>",
    f"<video><source onerror='{HIT}'></video>",
    f"<audio src=x onerror='{HIT}'>",
    f"<math><mtext><img src=x onerror='{HIT}'>",
    f"<template><img src=x onerror='{HIT}'></template>",
    f"<noscript><img src=x onerror='{HIT}'></noscript>",
    "<style>@import 'http://x.example/a.css'</style>",
    "<link rel=stylesheet href=http://x.example/a.css>",
    "<base href=http://x.example/>",
    "<meta http-equiv=refresh content='0;url=http://x.example/'>",
    "<form action=http://x.example/><button autofocus>a</button></form>",
    f"<object data='javascript:{HIT}'></object>",
    "<embed src='data:text/html,<script>parent.hit=1</script>'>",
    f"</title><svg onload='{HIT}'>",
    f"</style><img src=x onerror='{HIT}'>",
    f"</textarea><img src=x onerror='{HIT}'>",
    f"</option></select><img src=x onerror='{HIT}'>",
    f"<!--<script>{HIT}",
    f"--><script>{HIT}</script>",
    f"]]><script>{HIT}</script>",
)
QUOTES = (
    f"${{{HIT}}}",
    f"`${{{HIT}}}`",
    f"\"'); {HIT}; ('",
    f"\\'); {HIT}; //",
    f"'; {HIT}; '",
    f'" onmouseover="{HIT}" x="',
    f"' onmouseover='{HIT}' x='",
    f"a\u2028{HIT}\u2029b",
    f"*/{HIT}/*",
    f"//\n{HIT}",
    "javascript:window.hit=1",
    "data:text/html,<script>window.hit=1</script>",
    f"&lt;script&gt;{HIT}&lt;/script&gt;",
    f"&#60;img src=x onerror={HIT}&#62;",
    f"\\u003cscript\\u003e{HIT}",
    "{{ 7 * 7 }}{% raw %}",
    "{% for x in ().__class__.__base__.__subclasses__() %}{% endfor %}",
    "{m} {text} {name} $& $1 $` %s %(a)s {0.__class__}",
    "__proto__",
    "constructor",
    "toString",
    "长" * 300,
    "W" * 300,
    "\u202egnp.exe\u202c\u2066",
    "\u0000\u0007\u001b[31m",
    '=HYPERLINK("http://x.example")',
    "🏥" * 40 + "\u200d\ufe0f",
)
HOSTILE = (*TAGS, *QUOTES)


def test_there_are_sixty_different_hostile_names() -> None:
    assert len(set(HOSTILE)) == len(HOSTILE) >= 60


def hostile_page() -> MapPage:
    """Every text that a file can bring is hostile; each string has its own unit."""
    every = "".join(HOSTILE)
    evil = text(every, every)
    table = coverage(HOSTILE, city=every)
    return page(
        title=every,
        units=squares(HOSTILE),
        coverage=table.assign(limit_source=every),
        facilities=facilities(name=every, source=every),
        labels=replace(LABELS, remarks={"health": evil}),
        sources=[Source(path="a", publisher=every, licence=every)],
        notes=[evil],
        approval=every,
        sentences={("u0", "street", "health"): evil},
        gaps=gaps(every),
        sites=sites(every),
        rings=rings(),
        sentences_of="residents",
    )


def test_hostile_names_are_shown_as_text_and_run_nothing(
    tmp_path: Path, chromium_page: Open
) -> None:
    write_map(hostile_page(), tmp_path / "map.html")
    opened = chromium_page(tmp_path / "map.html")
    every = "".join(HOSTILE)
    names = [item.text_content() for item in opened.locator("#rows .name").all()]
    assert set(names) == set(HOSTILE)
    assert opened.locator("#title .name").text_content() == every
    assert opened.locator("#notes-all").text_content() == every
    assert every in (opened.locator("#sources").text_content() or "")
    assert every in (opened.locator("#credit").text_content() or "")
    assert (opened.locator("#definition").text_content() or "").count(every) == 2
    opened.mouse.move(*screen_place(opened, [0.0085, 0.0085]))
    assert opened.locator(".tip .name").first.text_content() == every
    opened.locator("#city .row").click()
    assert opened.locator("#card h2").text_content() == every
    opened.locator('.row[data-unit="1"]').click()
    assert every in (opened.locator("#card").text_content() or "")
    assert opened.locator(".page img:not(.leaflet-image-layer), .page iframe").count() == 0
    assert opened.locator(".page svg, .page script:not([type]), .page object").count() == 0
    assert opened.evaluate("window.hit") is None


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("layer", ["units", "missed", "walk"])
def test_every_layer_bears_hostile_names(
    layer: str, language: str, tmp_path: Path, chromium_page: Open
) -> None:
    write_map(hostile_page(), tmp_path / "map.html")
    opened = chromium_page(tmp_path / "map.html", hash_=f"#layer={layer}&lang={language}&unit=u3")
    assert opened.locator("#card h2").text_content() == HOSTILE[3]
    for place in PLACES:
        opened.mouse.move(*screen_place(opened, place))
    opened.locator("#search").fill("script")
    assert 10 < len(rows(opened)) < 40
    assert opened.evaluate("window.hit") is None


def test_cards_of_gaps_sites_and_facilities_bear_hostile_names(
    tmp_path: Path, chromium_page: Open
) -> None:
    """Places, facilities, sites and sources of needs are text, in cards, tips and labels."""
    write_map(hostile_page(), tmp_path / "map.html")
    opened = chromium_page(tmp_path / "map.html", hash_="#layer=gaps&unit=all")
    every = "".join(HOSTILE)
    assert every in (opened.locator("#card .largest").text_content() or "")
    for place in ([0.0025, 0.0065], [0.008, 0.026], [0.0085, 0.0085]):
        opened.mouse.move(*screen_place(opened, place))
    for hash_ in ("gap=u0-health-1", "gap=u2-sports-1", "site=1", "facility=clinic.1"):
        opened.evaluate("hash => { location.hash = hash }", hash_)
        opened.wait_for_function("() => document.querySelector('#card .back')")
        assert opened.locator("#card h2").text_content() == every
    opened.locator("#search").fill("script")
    assert opened.locator(".found .name").text_content() == every
    assert opened.locator(".page img:not(.leaflet-image-layer), .page iframe").count() == 0
    assert opened.locator(".page svg, .page script:not([type]), .page object").count() == 0
    assert opened.evaluate("window.hit") is None


def test_a_hostile_address_runs_nothing(tmp_path: Path, chromium_page: Open) -> None:
    write_map(page(), tmp_path / "map.html")
    opened = chromium_page(tmp_path / "map.html")
    for name in HOSTILE:
        keys = "unit=${name}&service=${name}&gap=${name}&site=${name}&facility=${name}&tier=${name}"
        opened.evaluate("name => { location.hash = `" + keys + "` }", name)
        opened.evaluate("() => new Promise((done) => setTimeout(done))")
        assert len(rows(opened)) == 4
        assert opened.locator("#card").is_hidden()
    assert opened.evaluate("window.hit") is None


def test_the_policy_stops_a_script_put_into_a_copy(tmp_path: Path, chromium_page: Open) -> None:
    """Even with a hole in the page nothing foreign would run."""
    evil = "<script>window.hit = 1</script><img src='data:,' onerror='window.hit = 1'></body>"
    html = map_html(page()).replace("</body>", evil)
    (tmp_path / "copy.html").write_text(html, encoding="utf-8")
    opened = chromium_page(tmp_path / "copy.html", complaints=True)
    assert opened.evaluate("window.hit") is None
    assert any("Content Security Policy" in line for line in opened.complaints)  # type: ignore[attr-defined]
    assert len(rows(opened)) == 4
