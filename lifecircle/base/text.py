"""Reading text that may come from any office: BOM, then strict UTF-8, then GB18030."""

from __future__ import annotations

import codecs

from lifecircle.base.problems import InputRefused, Problem

BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def decode(content: bytes, source: str) -> str:
    """`content` as text.

    Never falls back to latin-1, which reads anything and garbles Chinese names.  Raises
    `InputRefused` where no encoding fits.
    """
    marked = [encoding for bom, encoding in BOMS if content.startswith(bom)]
    for encoding in marked or ("utf-8", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise InputRefused([Problem("encoding", "refused", source)])
