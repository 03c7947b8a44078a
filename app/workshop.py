"""Puts the parts together: a source and a pipeline as a project asks for them. The one place that knows them all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from sterefo_core.depth import make_depth_engine, steadied
from sterefo_core.live import LiveSource
from sterefo_core.pipeline import Pipeline
from sterefo_core.project import Project
from sterefo_core.protocols import Renderer, Source
from sterefo_core.refocus import make_renderer
from sterefo_core.sources import open_source
from sterefo_core.sources.read_ahead import ReadAhead
from sterefo_core.types import Box, DisparityMap, Follow
from trackers import make_tracker

if TYPE_CHECKING:
    from sterefo_core.recording import Recording
    from sterefo_core.sources.camera_devices import CameraDevice


@contextmanager
def opened(project: Project, device: str = "auto") -> Iterator[tuple[Source, Pipeline]]:
    """The project's source and a pipeline for it, both closed afterwards."""
    with closing(open_project(project)) as source:
        project.check(source)
        with make_pipeline(source, project, device) as pipeline:
            yield source, pipeline


def open_project(project: Project) -> Source:
    """The project's source, read ahead by a frame unless it is a running camera. Raises SourceError."""
    source = open_source(project.source, project.layout)
    return source if isinstance(source, LiveSource) else ReadAhead(source)


def make_pipeline(source: Source, project: Project, device: str = "auto", renderer: Renderer | None = None) -> Pipeline:
    """A pipeline for an open source, with the project's depth engine and tracker, on "auto", "cpu" or "cuda".

    A depth engine that refocuses by itself takes the renderer's place.
    """
    cv2.setNumThreads(1)  # CSRT takes twice the processor time with two, and depth and tracker fill two cores anyway
    depth = make_depth_engine(project.depth, device)
    if isinstance(depth, Renderer):
        renderer = depth
    elif project.steady_depth:
        depth = steadied(depth, source)
    return Pipeline(source, depth, renderer or make_renderer(device), partial(make_tracker, project.tracker))


def box_at(image: np.ndarray, disparity: DisparityMap, x: float, y: float) -> Box:
    """The box of the object at a place of a picture, as a click means it."""
    from trackers.pick import box_at as found

    return found(image, disparity, x, y)


def find_cameras() -> Sequence[CameraDevice]:
    """The cameras that are plugged in."""
    from sterefo_core.sources.camera_devices import list_devices

    return list_devices()


def record(source: LiveSource, path: Path) -> Recording:
    """A recording of a running camera, under way. Raises ExportError."""
    from sterefo_core.recording import Recording

    return Recording(source, path)  # type: ignore[arg-type]  # the only live sources that are opened are cameras


@dataclass(frozen=True)
class Workshop:
    """The makers of parts that the window uses, so that other sources and engines can take their place."""

    open_source: Callable[[Project], Source] = open_project
    make_renderer: Callable[[str], Renderer] = make_renderer
    make_pipeline: Callable[[Source, Project, str, Renderer | None], Pipeline] = make_pipeline
    box_at: Callable[[np.ndarray, DisparityMap, float, float], Box] = box_at
    record: Callable[[LiveSource, Path], Recording] = record
    find_cameras: Callable[[], Sequence[CameraDevice]] = find_cameras


def demo_project() -> Project:
    """The built-in demo, following the object that a viewer would click."""
    from sterefo_core.sources.synthetic import SyntheticSource

    subject = SyntheticSource().subject
    return Project(source="demo", decisions=(Follow(0, subject.box),))
