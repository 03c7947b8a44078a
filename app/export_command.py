"""`run_app.py export`: from an address or a project to a refocused video, or from many to many."""

from __future__ import annotations

import argparse
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from tqdm import tqdm

from app import arguments, batch, batch_plan, workshop
from app.batch_executors import Cluster, Processes
from app.film import write_film
from sterefo_core.depth import ENGINES
from sterefo_core.errors import ExportError
from sterefo_core.export import Contents, ExportSettings
from sterefo_core.project import Project
from sterefo_core.project_file import SUFFIX, load_project, save_project
from sterefo_core.protocols import Source
from sterefo_core.video_writer import CODEC_NAMES
from trackers import NETWORKS, TRACKERS

PROGRESS: dict[str, Any] = {
    "unit": "frame",
    "desc": "export",
    "leave": False,
    "disable": None,
}  # None: no bar in a pipe


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add `export` to the command line."""
    parser = commands.add_parser(
        "export",
        help="write the refocused video of an address or a project",
        description="Write a refocused video: follow an object, hold a distance, or render a saved project. Several "
        "addresses, or a folder with several sequences, give a film each in the folder -o. Those already there, made "
        "by the same command, are not made again: so a batch that was cut off goes on.",
        epilog="Example: run_app.py export sequences/90 --track 0:579,176,22,21 --aperture 120mm -o lead.mp4",
    )
    parser.add_argument(
        "addresses",
        nargs="+",
        metavar="address",
        help=f"'demo', a data folder, a stereo video, LEFT,RIGHT, or a project *{SUFFIX}",
    )
    parser.add_argument("--range", type=arguments.frame_range, metavar="A..B", help="frames to render, both included")
    _add_decisions(parser)
    _add_following(parser)
    add_lens(parser)
    add_output(parser).add_argument(
        "--skip-bad", action="store_true", help="repeat the last picture for unreadable frames"
    )
    parser.add_argument(
        "--save-project", type=arguments.project_file, metavar=f"NAME{SUFFIX}", help="also keep all this as a project"
    )
    _add_batch(parser)
    parser.set_defaults(run=run)


def _add_batch(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("several films").add_mutually_exclusive_group()
    group.add_argument("--jobs", type=arguments.count, metavar="N", help="so many at once, sharing this machine")
    group.add_argument(
        "--ray",
        type=arguments.ray_cluster,
        nargs="?",
        const="auto",
        metavar="HOST:PORT",
        help="on a Ray cluster, by default this machine's; all of its machines see program and data at the same place",
    )


def _add_decisions(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("decisions (each may be repeated)")
    add: dict[str, Any] = {"action": "append", "default": [], "dest": "decisions"}
    group.add_argument(
        "--track", type=arguments.track, metavar="F:x,y,w,h", help="from frame F, follow this box", **add
    )
    group.add_argument(
        "--track-both", type=arguments.track_both, metavar="F:x,y,w,h", help="the same, and before F, too", **add
    )
    group.add_argument(
        "--focus", type=arguments.focus, metavar="F:D", help="from F, hold D px, or metres as 12.5m", **add
    )
    group.add_argument("--auto", action="store_true", help="let the machine choose a subject until the first of these")
    group.add_argument("--release", type=arguments.release, metavar="F", help="from frame F, let go", **add)


def _add_following(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("from frame to frame")
    names = ", ".join([*TRACKERS, *NETWORKS.values()])
    group.add_argument("--tracker", type=arguments.tracker, metavar="NAME", help=f"{names} (default: stereo)")
    group.add_argument(
        "--look-ahead", type=int, metavar="N", help="frames that the focus sees coming: 0 to 8 (default: 4)"
    )
    group.add_argument(
        "--steady-depth", action=argparse.BooleanOptionalAction, help="average disparity over frames (default: yes)"
    )


def add_lens(parser: argparse.ArgumentParser) -> None:
    """Add the options that `with_lens` understands, and the device."""
    group = parser.add_argument_group("lens and machine")
    group.add_argument(
        "--aperture", type=arguments.aperture, metavar="A", help="120mm, or blur radius in px per px of disparity"
    )
    group.add_argument("--max-radius", type=float, metavar="PX", help="largest blur radius")
    group.add_argument("--sharp", type=float, metavar="PX", help="disparities this near to the focus are sharp, too")
    group.add_argument(
        "--blades", type=int, metavar="N", help="straight edges of the aperture: 5 to 9, or 0 for a disk"
    )
    group.add_argument("--blade-rotation", type=float, metavar="DEG", help="turn of the blades")
    group.add_argument("--roundness", type=float, metavar="R", help="of the blades: 0 straight to 1 a disk")
    group.add_argument(
        "--squeeze", type=float, metavar="X", help="anamorphic: 1 a disk to 2 an oval twice as high as wide"
    )
    group.add_argument("--cats-eye", type=float, metavar="C", help="aperture cut towards the corners, 0 to 1")
    group.add_argument(
        "--highlights", type=float, metavar="H", help="light given back to clipped lamps, 0 (default) to 1"
    )
    group.add_argument("--transition", type=float, metavar="S", help="seconds that a change of focus takes")
    group.add_argument(
        "--depth", type=arguments.engine, metavar="ENGINE", help=f"{', '.join(ENGINES)}, or net=FILE (default: sgm)"
    )
    arguments.add_layout(group)
    arguments.add_device(group)


def add_output(parser: argparse.ArgumentParser) -> argparse._ArgumentGroup:
    """Add the options that `settings_of` understands, and return their group."""
    group = parser.add_argument_group("what is written")
    group.add_argument("-o", "--output", type=Path, required=True, help="file to write (png, several: folder)")
    group.add_argument(
        "--codec", choices=CODEC_NAMES, default="h264", help="ffv1 and png keep every bit (default: %(default)s)"
    )
    group.add_argument("--quality", type=int, metavar="N", help="the codec's quality number (h264: 0 best .. 51)")
    group.add_argument(
        "--show",
        choices=[str(c) for c in Contents],
        default="refocused",
        help="what to see in it (default: %(default)s)",
    )
    group.add_argument(
        "--log", type=Path, metavar="FILE.jsonl", help="one JSON line a frame: box, focus, times (several: folder)"
    )
    return group


def run(given: argparse.Namespace) -> int:
    """Export as the arguments say; prints what was written."""
    addresses = [found for address in given.addresses for found in batch_plan.sequences(address)]
    projects = [project_of(given, address) for address in addresses]
    if len(addresses) > 1 or given.jobs or given.ray:
        if given.save_project:
            raise ExportError("--save-project keeps one project: give one address, without --jobs and --ray")
        tasks = batch_plan.planned(addresses, projects, settings_of(given), given.device)
        batch.carry_out(tasks, Cluster(given.ray) if given.ray else Processes(given.jobs or 1))
        return 0
    (project,) = projects
    with closing(workshop.open_project(project)) as source:
        if given.save_project:
            project.check(source)
            save_project(project, given.save_project)
        write(source, project, settings_of(given), given.device)
    return 0


def settings_of(given: argparse.Namespace) -> ExportSettings:
    """What `add_output` parsed."""
    show = Contents(given.show)
    return ExportSettings(given.output, given.codec, given.quality, show, given.log, given.skip_bad)


def project_of(given: argparse.Namespace, address: str) -> Project:
    """The project that the arguments describe: a loaded one or a fresh one, changed by what was given."""
    if address.endswith(SUFFIX):
        project = load_project(Path(address))
    elif address == "demo" and not (given.decisions or given.auto):
        project = workshop.demo_project()
    else:
        project = Project(source=address)
    for decision in given.decisions:
        project = project.with_decision(decision)
    if given.auto:
        project = replace(project, automatic=True)
    if given.range:
        project = replace(project, first_frame=given.range[0], last_frame=given.range[1])
    return with_lens(project, given)


def with_lens(project: Project, given: argparse.Namespace) -> Project:
    """The project changed by what `add_lens` parsed."""
    lens = project.lens
    if given.aperture:
        aperture_mm, ratio = given.aperture
        lens = replace(lens, aperture=ratio or lens.aperture)
        project = replace(project, aperture_mm=aperture_mm)
    shape = {
        "max_radius_px": given.max_radius,
        "blades": given.blades,
        "blade_rotation_deg": given.blade_rotation,
        "roundness": given.roundness,
        "squeeze": given.squeeze,
        "cats_eye": given.cats_eye,
        "sharp_px": given.sharp,
        "highlights": given.highlights,
    }
    lens = replace(lens, **{name: value for name, value in shape.items() if value is not None})
    named = {
        "transition_s": given.transition,
        "look_ahead": given.look_ahead,
        "steady_depth": given.steady_depth,
        "depth": given.depth,
        "tracker": given.tracker,
        "layout": given.layout,
    }
    return replace(project, lens=lens, **{name: value for name, value in named.items() if value is not None})


def write(source: Source, project: Project, settings: ExportSettings, device: str) -> None:
    """Render a project to a file with a progress bar, then say where it lies."""
    with tqdm(total=len(project.range_in(source)), **PROGRESS) as progress:
        film = write_film(source, project, settings, device, on_frame=progress.update)
    print(*film.skipped, sep="\n", end="\n" if film.skipped else "", file=sys.stderr)
    print(*film.said, sep="\n")
