"""Line plots side by side as one SVG file, with a logarithmic scale upwards that they share."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

WIDTH, HEIGHT, LEFT, TOP, GAP = 250, 180, 62, 42, 46
COLOURS = ("#777777", "#0072b2", "#d55e00", "#009e73")
"""Grey, blue, vermillion and green: told apart by the colour blind too (Okabe and Ito, 2008)."""


class Panel(NamedTuple):
    """One plot: `lines` has a list of points (x, y) by name; x is equally spaced in the order of the first line."""

    title: str
    x_label: str
    lines: Mapping[str, Sequence[tuple[float, float]]]


def svg(panels: Sequence[Panel], y_label: str, low: float, high: float) -> str:
    """The file's text. `low`, a power of ten, and `high` are the ends of the scale."""
    width, height = LEFT + len(panels) * (WIDTH + GAP), TOP + HEIGHT + 44
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" '
        f'font-size="12"><rect width="{width}" height="{height}" fill="white"/>',
        f'<text x="14" y="{TOP + HEIGHT / 2}" text-anchor="middle" '
        f'transform="rotate(-90 14 {TOP + HEIGHT / 2})">{y_label}</text>',
    ]
    for index, name in enumerate(panels[0].lines):
        parts.append(f'<text x="{LEFT + 130 * index}" y="16" fill="{COLOURS[index]}">● {name}</text>')
    for index, panel in enumerate(panels):
        parts += _panel(panel, LEFT + index * (WIDTH + GAP), low, high)
    return "\n".join([*parts, "</svg>", ""])


def _panel(panel: Panel, left: float, low: float, high: float) -> list[str]:
    decades = math.log10(high / low)

    def up(value: float) -> float:
        return TOP + HEIGHT * (1 - math.log10(value / low) / decades)

    places = [x for x, _ in next(iter(panel.lines.values()))]
    across = {x: left + WIDTH * (i + 0.5) / len(places) for i, x in enumerate(places)}
    parts = [f'<text x="{left + WIDTH / 2}" y="{TOP - 10}" text-anchor="middle">{panel.title}</text>']
    for power in range(int(decades) + 1):
        value = low * 10**power
        parts.append(f'<path d="M{left} {up(value):.1f}h{WIDTH}" stroke="#dddddd"/>')
        parts.append(f'<text x="{left - 5}" y="{up(value) + 4:.1f}" text-anchor="end" fill="#555555">{value:g}</text>')
    for x, place in across.items():
        parts.append(f'<text x="{place:.1f}" y="{TOP + HEIGHT + 16}" text-anchor="middle">{x:g}</text>')
    label = f'<text x="{left + WIDTH / 2}" y="{TOP + HEIGHT + 34}" text-anchor="middle">{panel.x_label}</text>'
    for colour, line in zip(COLOURS, panel.lines.values(), strict=False):
        points = " ".join(f"{across[x]:.1f},{up(y):.1f}" for x, y in line)
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
        dots = (f'<circle cx="{point.split(",")[0]}" cy="{point.split(",")[1]}" r="3"/>' for point in points.split())
        parts.append(f'<g fill="{colour}">{"".join(dots)}</g>')
    return [*parts, label]
