"""`run_app.py sweep`: one picture, focused on plane after plane from far to near."""

from __future__ import annotations

import argparse
from contextlib import closing
from dataclasses import replace

import numpy as np

from app import export_command, workshop
from sterefo_core.errors import ProjectError
from sterefo_core.project import Project
from sterefo_core.protocols import Source
from sterefo_core.sources import open_source
from sterefo_core.sources.still import StillSource
from sterefo_core.types import Hold

FRAMES_PER_S = 25.0
NEAR_AND_FAR_PERCENT = (98, 2)  # the very nearest and farthest pixels are seldom a plane that anybody looks at


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add `sweep` to the command line."""
    parser = commands.add_parser(
        "sweep",
        help="write a focus sweep over one picture, from far to near",
        description="Focus one picture on evenly spaced planes from far to near, pulling smoothly between them.",
    )
    parser.add_argument("address", help="LEFT,RIGHT pictures, 'demo', a data folder, or a stereo video")
    parser.add_argument(
        "--frame", type=int, default=0, metavar="F", help="which frame of the address (default: %(default)s)"
    )
    parser.add_argument(
        "--planes", type=int, default=10, metavar="N", help="number of focal planes (default: %(default)s)"
    )
    parser.add_argument(
        "--hold", type=float, default=0.4, metavar="S", help="seconds to rest on each plane (default: %(default)s)"
    )
    export_command.add_output(parser)
    export_command.add_lens(parser)
    of_films = {"tracker": None, "look_ahead": None, "steady_depth": False, "skip_bad": False}
    parser.set_defaults(run=run, **of_films)


def run(given: argparse.Namespace) -> int:
    """Render the sweep; prints what was written."""
    project = export_command.with_lens(Project(source=given.address), given)
    with closing(open_source(given.address, project.layout)) as source:
        _check(given, source)
        step = max(round((given.hold + project.transition_s) * FRAMES_PER_S), 1)
        still = StillSource(source, given.frame, step * given.planes, FRAMES_PER_S)
        planes = _planes(still, project, given.planes)
        holds = tuple(Hold(step * i, disparity=float(plane)) for i, plane in enumerate(planes))
        export_command.write(still, replace(project, decisions=holds), export_command.settings_of(given), given.device)
    return 0


def _check(given: argparse.Namespace, source: Source) -> None:
    if not 0 <= given.frame < len(source):
        raise ProjectError(f"frame {given.frame} is not in {source.name}, which has frames 0..{len(source) - 1}")
    if not 1 <= given.planes <= 1000 or not 0 <= given.hold <= 60:
        raise ProjectError("a sweep takes 1 to 1000 planes, and rests 0 to 60 seconds on each")


def _planes(still: Source, project: Project, count: int) -> np.ndarray:
    """Focal disparities from far to near, evenly spaced in px."""
    disparity = workshop.make_depth_engine(project.depth).compute(still.read(0))
    near, far = np.percentile(disparity.values, NEAR_AND_FAR_PERCENT)
    return np.linspace(far, near, count)
