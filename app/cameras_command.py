"""`run_app.py cameras`: which cameras are there, and how to name them and others."""

from __future__ import annotations

import argparse

from sterefo_core.sources.camera_address import PASSWORD_VARIABLE
from sterefo_core.sources.camera_devices import CameraDevice, list_devices

_HOW_TO = f"""
One camera that sees with both eyes   camera:0            or camera:0#layout=top-bottom&size=2560x720&fps=30
Two cameras, left and right           camera:0,2          swapped: camera:0,2#swap
Network cameras                       camera:rtsp://user@host/path, camera:http://host/stream.mjpg, or two: LEFT,RIGHT
A password may be left out of an address and given in the environment as {PASSWORD_VARIABLE}."""


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add `cameras` to the command line."""
    about = "List the cameras that are plugged in, and show how cameras are named."
    parser = commands.add_parser("cameras", help="list the cameras that are there", description=about)
    parser.set_defaults(run=run)


def run(_: argparse.Namespace) -> int:
    """Print one camera a line, and how addresses are written."""
    devices = list_devices()
    for device in devices:
        print(_line(device))
    if not devices:
        print("There is no camera plugged into this computer.")
    print(_HOW_TO)
    return 0


def _line(device: CameraDevice) -> str:
    sizes = ", ".join("{}x{}".format(*size) for size in device.sizes[:6])
    return f"camera:{device.device:<3} {device.name:<36} {sizes}".rstrip()
