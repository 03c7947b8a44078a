"""Puts the parts together: a source and a pipeline as a project asks for them. The one place that knows them all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

from sterefo_core.depth import make_depth_engine
from sterefo_core.pipeline import Pipeline
from sterefo_core.project import Project
from sterefo_core.refocus import make_renderer
from sterefo_core.sources import open_source
from sterefo_core.types import Follow, Source
from trackers import make_tracker


@contextmanager
def opened(project: Project, device: str = "auto") -> Iterator[tuple[Source, Pipeline]]:
    """The project's source and a pipeline for it, both closed afterwards."""
    with closing(open_source(project.source, project.layout)) as source:
        project.check(source)
        with make_pipeline(source, project, device) as pipeline:
            yield source, pipeline


def make_pipeline(source: Source, project: Project, device: str = "auto") -> Pipeline:
    """A pipeline for an open source, with the project's depth engine, on "auto", "cpu" or "cuda"."""
    return Pipeline(source, make_depth_engine(project.depth, device), make_renderer(device), make_tracker)


def demo_project() -> Project:
    """The built-in demo, following the object that a viewer would click."""
    from sterefo_core.sources.synthetic import SyntheticSource

    subject = SyntheticSource().subject
    return Project(source="demo", decisions=(Follow(0, subject.box),))
