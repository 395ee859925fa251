"""The font of the print sheets: one with Chinese characters where a text has any."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from matplotlib import font_manager
from matplotlib.ft2font import FT2Font

from lifecircle.base.problems import Problem, StudyRefused

KNOWN = (
    "Noto Sans CJK SC", "Source Han Sans SC", "Source Han Sans CN", "Noto Sans SC",
    "Microsoft YaHei", "PingFang SC", "SimHei", "Heiti SC", "STHeiti", "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei", "Noto Sans CJK JP", "Noto Sans CJK TC", "SimSun", "Noto Serif CJK SC",
    "Noto Serif CJK JP", "AR PL UMing CN", "Arial Unicode MS",
)  # fmt: skip
"""By preference; collections are listed under the name of their first face."""

LATIN = "DejaVu Sans"
"""Comes with matplotlib."""

CHINESE = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]")
SAMPLE = "覆盖率养老卫生"


def font_for(texts: Iterable[str], font: Path | None) -> list[str]:
    """Families to draw `texts` with; `font` is a file that is preferred to what is installed.

    Raises `StudyRefused` where Chinese is needed and no font has it, or `font` cannot be used.
    """
    if font is not None:
        return [_own_font(font), LATIN]
    if not any(CHINESE.search(text) for text in texts):
        return [LATIN]
    installed = {entry.name: entry.fname for entry in font_manager.fontManager.ttflist}
    for name in KNOWN:
        if name in installed and _has_chinese(Path(installed[name])):
            return [name, LATIN]
    raise StudyRefused([Problem("font_missing", "refused", "--font")])


def _own_font(path: Path) -> str:
    if not path.is_file() or not _has_chinese(path):
        raise StudyRefused([Problem("font_unfit", "refused", "--font", value=str(path))])
    font_manager.fontManager.addfont(path)
    return FT2Font(str(path)).family_name


def _has_chinese(path: Path) -> bool:
    try:
        glyphs = FT2Font(str(path)).get_charmap()
    except (OSError, RuntimeError):
        return False
    return all(ord(character) in glyphs for character in SAMPLE)
