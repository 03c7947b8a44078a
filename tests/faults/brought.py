"""Faults, each brought about in a folder of its own; what is printed then is what the user is told."""

from __future__ import annotations

import errno
import json
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from unittest import mock

import av
import cv2
import numpy as np
import torch
from PyQt6.QtCore import QSettings

from app import remembered, workshop
from app.commands import main
from sterefo_core import video_encoder
from sterefo_core.calibration.rig_file import save_rig
from sterefo_core.depth import make_depth_engine
from sterefo_core.errors import SterefoError
from sterefo_core.evaluation.board_views import known_rig
from sterefo_core.export import ExportSettings, export
from sterefo_core.live import CameraState
from sterefo_core.project import Project
from sterefo_core.project_file import save_project
from sterefo_core.refocus import make_renderer
from sterefo_core.refocus.sparing import SparingRenderer
from sterefo_core.sources import camera, camera_mjpeg, open_source
from sterefo_core.video_writer import open_writer
from tests.core.streams import MjpegServer
from tests.core.test_camera import until
from tests.faults.clip import Clip, pipeline_of
from tests.faults.test_export_faults import in_a_child
from tests.faults.test_injection import FOLLOWING
from tests.moving_square import FOLLOW, HEIGHT, TRACK, WIDTH

OLD = b"the film of yesterday"
RANDOM = np.random.default_rng(1).bytes(4000)
PICTURE = Path("image_2/000002.png")


def exported(place: Path, *words: str, track: str = TRACK) -> None:
    """Export the sequence by the command line, over the film of yesterday."""
    keep_film(place)
    given = ["export", str(place / "07"), "--track", track, "--codec", "ffv1", "-o", str(place / "film.mkv"), *words]
    with suppress(SystemExit):
        main(given)


def keep_film(place: Path) -> None:
    """Let there be a film already."""
    (place / "film.mkv").write_bytes(OLD)


def cut_off(place: Path) -> None:
    picture = place / "07" / PICTURE
    picture.write_bytes(picture.read_bytes()[:2000])


def picture_cut_off(place: Path) -> None:
    cut_off(place)
    exported(place)


def picture_cut_off_and_skipped(place: Path) -> None:
    cut_off(place)
    exported(place, "--skip-bad")


def ends_early(place: Path) -> None:
    for number in (3, 4):
        (place / "07" / "image_3" / f"{number:06}.png").unlink()
    exported(place)


def other_size(place: Path) -> None:
    cv2.imwrite(str(place / "07" / PICTURE), np.zeros((50, 60, 3), np.uint8))
    exported(place)


def timed(*seconds: float) -> Callable[[Path], None]:
    """An export of a sequence whose pictures are said to be of these times."""

    def bring(place: Path) -> None:
        (place / "07" / "times.txt").write_text("\n".join(map(str, seconds)))
        exported(place)

    return bring


def random_calibration(place: Path) -> None:
    (place / "07" / "calib.txt").write_bytes(RANDOM)
    exported(place)


def boxed(box: str) -> Callable[[Path], None]:
    """An export that follows this box."""
    return lambda place: exported(place, track=box)


def of_clip(source: Clip, depth: object, place: Path) -> None:
    keep_film(place)
    try:
        with pipeline_of(source, depth) as pipeline:
            export(source, FOLLOWING, pipeline, ExportSettings(place / "film.mkv", "ffv1"))
    except SterefoError as error:
        print(f"error: {error}")


def nothing_matched(place: Path) -> None:
    for picture in (place / "07").glob("image_*/*.png"):
        cv2.imwrite(str(picture), np.full((HEIGHT, WIDTH, 3), 120, np.uint8))
    exported(place)


def pictures_of_nan(place: Path) -> None:
    nan = {3: lambda frame: replace(frame, left=np.full(frame.left.shape, np.nan, np.float32))}
    of_clip(Clip(spoilt=nan), make_depth_engine(), place)


class SoonFull:
    """A renderer on a GPU whose memory suffices for one picture."""

    def __init__(self, error: RuntimeError) -> None:
        self._whole, self._left, self._error = make_renderer("cpu"), 1, error

    def render(self, *picture):
        """As the Renderer protocol says."""
        self._left -= 1
        if self._left < 0:
            raise self._error
        return self._whole.render(*picture)


def full_gpu(place: Path) -> None:
    full = torch.OutOfMemoryError("CUDA out of memory")
    others = [("in 4 strips", lambda: SoonFull(full)), ("on the CPU", make_renderer)]
    with mock.patch.object(workshop, "make_renderer", lambda device: SparingRenderer(SoonFull(full), others)):
        exported(place)


def failing(error: Exception) -> Callable[[Path], None]:
    """An export whose encoder raises this in mid-run."""

    def bring(place: Path) -> None:
        mux, calls = video_encoder.VideoEncoder._mux, []

        def mux_some(encoder, packets):
            calls.append(packets)
            if len(calls) == 3:
                raise error
            mux(encoder, packets)

        with mock.patch.object(video_encoder.VideoEncoder, "_mux", mux_some):
            exported(place)

    return bring


def killed(place: Path) -> None:
    keep_film(place)
    print(in_a_child("kill", place / "07", place / "film.mkv").stderr)
    assert (place / "film.mkv").read_bytes() == OLD and (place / "film.mkv.part").exists()
    exported(place)


def no_folder(place: Path) -> None:
    exported(place, "-o", str(place / "absent" / "film.mkv"))


def over_itself(place: Path) -> None:
    film = place / "film.mkv"
    with closing(open_source(place / "07")) as source, open_writer(film, "ffv1") as writer:
        for frame in map(source.read, range(len(source))):
            writer.write(np.hstack([frame.left, frame.right]), frame.timestamp_s)
    main(["export", str(film), "--layout", "side-by-side", "--codec", "ffv1", "-o", str(film)])


def project_of(change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    """An export of a project whose file was changed so."""

    def bring(place: Path) -> None:
        path = place / "p.sterefo.json"
        save_project(Project(source=str(place / "07")).with_decision(FOLLOW), path)
        path.write_bytes(change(path.read_bytes()))
        keep_film(place)
        main(["export", str(path), "--codec", "ffv1", "-o", str(place / "film.mkv")])

    return bring


def without_what_came_later(project: bytes) -> bytes:
    known = json.loads(project)
    for name in ("steady_depth", "automatic", "look_ahead", "tracker"):
        del known[name]
    return json.dumps(known).encode()


def calibration_of(version: int) -> Callable[[Path], None]:
    """Importing a calibration that says it is of this version."""

    def bring(place: Path) -> None:
        path = place / "rig.json"
        save_rig(known_rig(), path)
        path.write_bytes(path.read_bytes().replace(b'"version": 1', b'"version": %d' % version))
        main(["calibrate", "--import", str(path)])

    return bring


def broken_settings(place: Path) -> None:
    path = place / "sterefo.ini"
    path.write_bytes(RANDOM)
    remembered.sound(QSettings(str(path), QSettings.Format.IniFormat))


def password(place: Path) -> None:
    main(["info", "camera:rtsp://user:secret@/no/host"])


def stall(place: Path) -> None:
    both = [np.random.default_rng(n).integers(0, 255, (64, 160, 3), np.uint8) for n in range(4)]
    silent = mock.patch.object(camera_mjpeg, "SILENT_S", 1e3)  # no silence breaks the connection
    with silent, MjpegServer(both) as server, closing(camera.open_camera(server.url)) as source:
        server.stall()
        print(until(source, lambda health: health.state == CameraState.STALLED)[0].message)


FAULTS: dict[str, Callable[[Path], None]] = {
    "a camera stalls": stall,
    "a picture is cut off": picture_cut_off,
    "the same, with --skip-bad": picture_cut_off_and_skipped,
    "one camera's pictures end early": ends_early,
    "a picture of another size": other_size,
    "a picture of floats, with NaN": pictures_of_nan,
    "times that repeat": timed(0, 0.1, 0.1, 0.2, 0.3),
    "times that run backwards": timed(0, 0.2, 0.1, 0.3, 0.4),
    "nothing can be matched": nothing_matched,
    "an empty box": boxed("0:60,30,0,0"),
    "a box outside the picture": boxed("0:600,300,40,36"),
    "a box of the whole picture": boxed("0:0,0,160,97"),
    "the GPU's memory is full": full_gpu,
    "the encoder fails": failing(av.error.ExternalError(-542398533, "Generic error in an external library")),
    "the disk is full": failing(OSError(errno.ENOSPC, "No space left on device")),
    "no folder to write to": no_folder,
    "the film would replace what is exported": over_itself,
    "kill -9, then the same command": killed,
    "a project of random bytes": project_of(lambda project: RANDOM),
    "a project of an older program": project_of(without_what_came_later),
    "a project of a newer program": project_of(lambda project: project.replace(b'"version": 1', b'"version": 9')),
    "a calibration of random bytes": random_calibration,
    "a calibration of an older program": calibration_of(0),
    "a calibration of a newer program": calibration_of(9),
    "settings of random bytes": broken_settings,
    "a camera's address is wrong, and has a password": password,
}
