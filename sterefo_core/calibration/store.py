"""Calibrations kept by the identity of the camera, so that one calibrates once."""

from __future__ import annotations

import re
from hashlib import sha256
from pathlib import Path

from platformdirs import user_data_dir

from sterefo_core.calibration.imports import import_rig
from sterefo_core.calibration.rectify import Rectifier
from sterefo_core.calibration.rig import StereoRig
from sterefo_core.calibration.rig_file import SUFFIX, load_rig, save_rig
from sterefo_core.errors import CalibrationError
from sterefo_core.part_file import writing


def keep(rig: StereoRig, identity: str) -> Path:
    """Save the calibration as that of the camera `identity` at this size; an older one is replaced. Raises ExportError.

    Returns the file, which may also be copied and given by name.
    """
    path = kept_at(identity, rig.size)
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    save_rig(rig, path)
    return path


def rectification_for(identity: str, size: tuple[int, int], file: str | Path | None = None) -> Rectifier | None:
    """The rectification of a camera whose pictures are `size`: from `file`, else the one kept; None if there is none.

    The file may be of any kind that `import_rig` reads.

    Raises:
        CalibrationError: the file is damaged, or of pictures of another size.
    """
    kept = kept_at(identity, size)
    if file is None and not kept.exists():
        return None
    rig = load_rig(kept) if file is None else import_rig(file, size)
    if rig.size != size:
        sizes = "{}x{} pixels and the camera gives {}x{}".format(*rig.size, *size)
        raise CalibrationError(f"{file or kept} is for {sizes}: set that size, or calibrate again")
    return Rectifier(rig)


def kept_at(identity: str, size: tuple[int, int]) -> Path:
    """Where the calibration of this camera is kept, whether there is one or not."""
    readable = re.sub(r"[^A-Za-z0-9]+", "-", identity).strip("-")[:60]
    told_apart = sha256(identity.encode()).hexdigest()[:10]
    name = "{}-{}x{}-{}{}".format(readable, *size, told_apart, SUFFIX)
    return Path(user_data_dir("sterefo", appauthor=False)) / "calibrations" / name
