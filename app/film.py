"""One film: a project rendered to its target, and what a person should know of it afterwards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from app import wording, workshop
from sterefo_core.export import ExportSettings, export
from sterefo_core.project import Project
from sterefo_core.protocols import Renderer, Source
from sterefo_core.types import Refocused


@dataclass(frozen=True)
class Film:
    """What was written, as lines for a person: `said` of the film itself, `skipped` of frames that were unreadable."""

    said: tuple[str, ...]
    skipped: tuple[str, ...]


def write_film(
    source: Source,
    project: Project,
    settings: ExportSettings,
    device: str,
    *,
    on_frame: Callable[[], object],
    renderer: Renderer | None = None,
) -> Film:
    """Render the project's range; `on_frame` is called after each picture. Raises what `export` raises."""
    capped, unmeasured = 0.0, 0

    def count(done: Refocused) -> None:
        nonlocal capped, unmeasured
        capped = max(capped, done.capped)
        unmeasured += project.followed(done.frame.index) is not None and done.focus.disparity is None
        on_frame()

    with workshop.make_pipeline(source, project, device, renderer) as pipeline:
        skipped = export(source, project, pipeline, settings, count)
    repeated = f", {len(skipped)} unreadable replaced by the picture before" if skipped else ""
    said = [f"{settings.target}: {len(project.range_in(source))} frames{repeated}"]
    if capped:
        held = f"at the largest radius, {project.lens.max_radius_px:g} px, in up to {wording.share(capped)}"
        said.append(f"note: blur was held {held} of a picture; --max-radius allows more")
    if unmeasured:
        said.append(
            f"note: {unmeasured} of these frames are sharp everywhere, for nothing was measured in the box until then; "
            "--show disparity shows what was"
        )
    if not (project.decisions or project.automatic):
        said.append(
            "note: nothing was focused on (no --track, --focus or --auto), so the pictures are sharp everywhere"
        )
    return Film(tuple(said), tuple(f"skipped: {error}" for error in skipped))
