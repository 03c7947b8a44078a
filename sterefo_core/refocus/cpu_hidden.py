"""CPU kernels of the hidden surface behind every depth edge: the same as `hidden.py`, near edges only."""

# ruff: noqa: PLR0917 - what a numba kernel works on has to be passed to it, array by array

from __future__ import annotations

import math

import numpy as np
from numba import njit


@njit(inline="always")
def _cost(radius, rules, x, y, rim):
    """How unlikely it is that the surface at `rim` goes on behind this pixel; infinite where it cannot be seen."""
    width = radius.shape[1]
    v, u = rim // width, rim % width
    behind = radius[y, x] - radius[v, u]
    apart = math.sqrt(np.float32((v - y) ** 2 + (u - x) ** 2))
    return apart - rules.farther * behind if behind > rules.gap and apart <= behind + 1 else np.float32(np.inf)


@njit(inline="always")
def _offer(radius, rim, rules, x, y, candidate):
    """Take another pixel's rim if it is better than the one known so far."""
    cost = _cost(radius, rules, x, y, candidate)
    if cost < np.inf and (rim[y, x] < 0 or cost < _cost(radius, rules, x, y, rim[y, x])):
        rim[y, x] = candidate


@njit(cache=True, nogil=True)
def find_rims_along_rows(radius, outline, rim, rules, top, bottom):
    """Outlines of the rows, and for every pixel the best rim in its row: an index into the flat picture, or -1."""
    height, width = radius.shape
    nearest, farthest = np.empty(width + 2, np.float32), np.empty(width + 2, np.float32)  # of three rows
    for y in range(top, bottom):
        above, below = max(y - 1, 0), min(y + 1, height - 1)
        for x in range(width):
            nearest[x + 1] = max(radius[above, x], radius[y, x], radius[below, x])
            farthest[x + 1] = min(radius[above, x], radius[y, x], radius[below, x])
        nearest[0], farthest[0], nearest[-1], farthest[-1] = nearest[1], farthest[1], nearest[width], farthest[width]
        for x in range(width):
            limit = radius[y, x] - rules.gap
            behind = min(farthest[x], farthest[x + 1], farthest[x + 2]) < limit
            outline[y, x] = behind or max(nearest[x], nearest[x + 1], nearest[x + 2]) > radius[y, x] + rules.gap
            rim[y, x] = -1
            if behind:
                for i in range(9):
                    v, u = min(max(y + i // 3 - 1, 0), height - 1), min(max(x + i % 3 - 1, 0), width - 1)
                    if radius[v, u] < limit:
                        _offer(radius, rim, rules, x, y, v * width + u)
        for x in range(1, width):
            if rim[y, x - 1] >= 0 and rim[y, x - 1] != rim[y, x]:
                _offer(radius, rim, rules, x, y, rim[y, x - 1])
        for x in range(width - 2, -1, -1):
            if rim[y, x + 1] >= 0 and rim[y, x + 1] != rim[y, x]:
                _offer(radius, rim, rules, x, y, rim[y, x + 1])


@njit(cache=True, nogil=True)
def find_rims_along_columns(radius, rim, rules, left, right):
    """Carries the rims found along rows up and down the columns: what is best then is best in the plane."""
    height = radius.shape[0]
    for y in range(1, height):
        for x in range(left, right):
            if rim[y - 1, x] >= 0 and rim[y - 1, x] != rim[y, x]:
                _offer(radius, rim, rules, x, y, rim[y - 1, x])
    for y in range(height - 2, -1, -1):
        for x in range(left, right):
            if rim[y + 1, x] >= 0 and rim[y + 1, x] != rim[y, x]:
                _offer(radius, rim, rules, x, y, rim[y + 1, x])


@njit(cache=True, nogil=True)
def colour_hidden(surfaces, rules, disparity, other, known_until, seen, top, bottom):
    """Colour and radius of the rows' hidden surfaces: the right image's where it shows them, else that of the rim.

    `other` is the right image, empty if there is none; `seen` becomes 1 where it shows the hidden surface
    (`second_view.seen_from_right`), and 0 elsewhere. `known_until` is the last of its columns that can be judged.
    """
    image, linear, radius, rim, hidden = surfaces.image, surfaces.linear, surfaces.radius, surfaces.rim, surfaces.hidden
    share, clean = surfaces.share, surfaces.clean
    width = radius.shape[1]
    nearest = np.empty(width, np.float32)
    for y in range(top, bottom):
        if other.size > 0:
            nearest[:] = -np.inf
            for x in range(width):
                at = math.floor(x - disparity[y, x])
                for u in range(max(at, 0), min(at + 1 + (x - disparity[y, x] > at), width)):
                    nearest[u] = max(nearest[u], disparity[y, x])
        for x in range(width):
            source = rim[y, x]
            if source < 0:
                continue
            v, u = source // width, source % width
            seen[y, x] = 0
            hidden[y, x, 3] = radius[v, u]
            column = x - disparity[v, u]
            if other.size > 0 and 0 <= column <= known_until:
                middle, near = int(np.rint(column)), np.float32(-np.inf)
                for i in range(max(middle - 1, 0), min(middle + 2, width)):
                    near = max(near, nearest[i])
                seen[y, x] = near <= disparity[v, u] + rules.same
            if seen[y, x]:
                left = min(int(column), max(width - 2, 0))
                part = np.float32(column - left)
                for c in range(3):
                    first, second = linear[other[y, left, c]], linear[other[y, min(left + 1, width - 1), c]]
                    hidden[y, x, c] = first + part * (second - first)
            else:
                for c in range(3):
                    hidden[y, x, c] = clean[v, u, c] if share[v, u] > 0 else linear[image[v, u, c]]


@njit(cache=True, nogil=True)
def smooth_hidden(surfaces, rules, seen, step, smoothed, top, bottom):
    """Average hidden light with what is around of the same surface, hidden or visible, `step` px apart.

    What the right image shows stays as it is. The result is put into `smoothed`, shaped like `surfaces.hidden`.
    """
    image, linear, radius, rim, hidden = surfaces.image, surfaces.linear, surfaces.radius, surfaces.rim, surfaces.hidden
    share, clean = surfaces.share, surfaces.clean
    height, width = radius.shape
    total = np.zeros(4, np.float32)
    for y in range(top, bottom):
        for x in range(width):
            if rim[y, x] < 0:
                continue
            if seen[y, x]:
                smoothed[y, x] = hidden[y, x]
                continue
            behind = hidden[y, x, 3]
            total[:] = 0
            for i in range(9):
                v = min(max(y + (i // 3 - 1) * step, 0), height - 1)
                u = min(max(x + (i % 3 - 1) * step, 0), width - 1)
                weight = np.float32(1 if i == 4 else 0.5 if i % 2 else 0.25)
                if rim[v, u] >= 0 and abs(hidden[v, u, 3] - behind) <= rules.gap:
                    _count(hidden[v, u, 0], hidden[v, u, 1], hidden[v, u, 2], weight, total)
                if abs(radius[v, u] - behind) <= rules.gap:
                    if share[v, u] > 0:
                        _count(clean[v, u, 0], clean[v, u, 1], clean[v, u, 2], weight, total)
                    else:
                        red, green, blue = image[v, u, 0], image[v, u, 1], image[v, u, 2]
                        _count(linear[red], linear[green], linear[blue], weight, total)
            for c in range(3):
                smoothed[y, x, c] = total[c] / total[3]
            smoothed[y, x, 3] = behind


@njit(inline="always")
def _count(red, green, blue, weight, total):
    """Add light to a weighted mean; light above white counts for less, the brighter it is."""
    brightest = max(red, green, blue)
    if brightest > 1:
        weight /= brightest
    total[0] += weight * red
    total[1] += weight * green
    total[2] += weight * blue
    total[3] += weight
