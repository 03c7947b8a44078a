"""A camera driven by hand: each picture comes when a test says so, and was taken when the test says."""

from queue import SimpleQueue

from sterefo_core.sources.camera_reader import CameraError, Grab


class HandCamera:
    """Implements `camera_reader.Reader`."""

    refused = ""

    def __init__(self):
        self._grabs = SimpleQueue()

    def show(self, picture, captured_s):
        """Take this picture at this moment."""
        self._grabs.put(Grab(captured_s, lambda: picture))

    def grab(self):
        grab = self._grabs.get()
        if grab is None:
            raise CameraError("it was closed")
        return grab

    def interrupt(self):
        self._grabs.put(None)

    def close(self):
        """Nothing is left open."""


def plug_in(monkeypatch, *devices):
    """A camera by hand in the place of each of these devices: "0" of "camera:0". However slow the hand, none stalls."""
    cameras = {device: HandCamera() for device in devices}
    monkeypatch.setattr("sterefo_core.sources.camera_feed.STALLED_S", float("inf"))
    monkeypatch.setattr("sterefo_core.sources.camera_feed.open_reader", lambda device, wishes: cameras[device])
    return tuple(cameras.values())
