"""Reports to look at: tables as text, and one HTML file that holds tables and pictures."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import cv2
import numpy as np

_STYLE = """body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:96rem;padding:0 1rem;color:#222}
table{border-collapse:collapse;margin:1rem 0}td,th{padding:.25rem .7rem;text-align:right;border-bottom:1px solid #ddd}
td:first-child,th:first-child{text-align:left}section{display:flex}figure{margin:.3rem;width:33%}
img{width:100%}figcaption{font-size:13px;color:#555}h2{margin-top:2.5rem}"""
_JPEG_QUALITY = 88


@dataclass(frozen=True, eq=False)
class Figure:
    """A `(H, W, 3)` uint8 RGB picture with what is under it."""

    caption: str
    picture: np.ndarray


@dataclass(frozen=True)
class Section:
    """A heading, a table (its first row is its head) and rows of up to three pictures; both may be empty."""

    title: str
    table: Sequence[Sequence[str]] = ()
    figures: Sequence[Sequence[Figure]] = ()


def text_table(rows: Sequence[Sequence[str]]) -> str:
    """The rows as text, the first column to the left and the others to the right, each as wide as its widest cell."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    padded = ([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])] for row in rows)
    return "\n".join("  ".join(cells) for cells in padded)


def html_report(title: str, sections: Sequence[Section]) -> str:
    """The whole file, which needs no other one."""
    body = "\n".join(_section(section) for section in sections)
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><style>{_STYLE}</style>'
    return (
        f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body><h1>{escape(title)}</h1>\n{body}</body></html>\n'
    )


def _section(section: Section) -> str:
    parts = [f"<h2>{escape(section.title)}</h2>"]
    if section.table:
        rows = (_row(row, "td" if i else "th") for i, row in enumerate(section.table))
        parts.append("<table>" + "\n".join(rows) + "</table>")
    parts += ("<section>" + "\n".join(map(_figure, row)) + "</section>" for row in section.figures)
    return "\n".join(parts)


def _row(cells: Sequence[str], tag: str) -> str:
    return "<tr>" + "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells) + "</tr>"


def _figure(figure: Figure) -> str:
    bgr = cv2.cvtColor(figure.picture, cv2.COLOR_RGB2BGR)
    encoded = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])[1]
    data = base64.b64encode(encoded.tobytes()).decode("ascii")
    caption = escape(figure.caption)
    return (
        f'<figure><img alt="{caption}" src="data:image/jpeg;base64,{data}"><figcaption>{caption}</figcaption></figure>'
    )
