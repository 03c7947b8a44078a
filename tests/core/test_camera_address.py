"""Addresses of cameras: what they mean, what is wrong with others, and that no password is ever shown."""

import pytest

from sterefo_core.errors import SourceError
from sterefo_core.sources.camera_address import (
    PASSWORD_VARIABLE,
    CameraAddress,
    is_camera,
    parse_camera,
    redacted,
    with_password,
)

MEANINGS = {
    "camera:0": CameraAddress(("0",)),
    "camera:/dev/video2": CameraAddress(("/dev/video2",)),
    "camera:0,2": CameraAddress(("0", "2")),
    "camera:/dev/video0,/dev/video2": CameraAddress(("/dev/video0", "/dev/video2")),
    "rtsp://host/path": CameraAddress(("rtsp://host/path",)),
    "camera:rtsp://host:8554/a,b": CameraAddress(("rtsp://host:8554/a,b",)),
    "camera:http://[::1]:80/1.mjpg,http://host/2.mjpg": CameraAddress(("http://[::1]:80/1.mjpg", "http://host/2.mjpg")),
    "camera:0#layout=top-bottom&swap&size=2560x720&fps=30&exposure=-6": CameraAddress(
        ("0",), "top-bottom", True, (2560, 720), 30.0, -6.0
    ),
    "camera:0,1#calibration=rig.yaml": CameraAddress(("0", "1"), calibration="rig.yaml"),
    "http://host/stream.mjpg#raw": CameraAddress(("http://host/stream.mjpg",), raw=True),
}


@pytest.mark.parametrize(("address", "meaning"), MEANINGS.items())
def test_an_address_says_which_devices_and_how(address, meaning):
    assert is_camera(address)
    assert parse_camera(address) == meaning


@pytest.mark.parametrize("address", ["demo", "/data/kitti", "left,right", "video.mp4", "C:/videos/a.mp4"])
def test_files_are_no_cameras(address):
    assert not is_camera(address)


WRONG = {
    "camera:": "names no camera",
    "camera:webcam": "names no camera",
    "camera:0,1,2": "3 cameras",
    "camera:rtsp://": "names no host",
    "camera:0#colour=blue": "no camera option 'colour'",
    "camera:0#size=big": "WIDTHxHEIGHT",
    "camera:0#size=0x0": "WIDTHxHEIGHT",
    "camera:0#fps=-3": "pictures a second",
    "camera:0#exposure=nan": "units of the driver",
    "camera:0#layout=diagonal": "side-by-side or top-bottom",
    "camera:0#calibration=": "name of a file",
    "camera:0#swap=1": "no value",
    "camera:0#raw&calibration=a": "leave one out",
    "camera:0,1#layout=side-by-side": "two cameras",
    "rtsp://host/a#exposure=3": "is a stream",
}


@pytest.mark.parametrize(("address", "says"), WRONG.items())
def test_what_is_wrong_with_an_address_is_said_in_one_line(address, says):
    with pytest.raises(SourceError) as raised:
        parse_camera(address)
    assert says in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("rtsp://bob:hunter2@host/path", "rtsp://bob@host/path"),
        ("camera:rtsp://a:hunter2@h/1,rtsp://b:hunter2@i/2#swap", "camera:rtsp://a@h/1,rtsp://b@i/2#swap"),
        ("rtsp://:hunter2@host/", "rtsp://@host/"),
        ("rtsp://me@mail.org:hunter2@host/", "rtsp://me@mail.org@host/"),
        ("rtsp://bob:hun:ter2@host:554/path", "rtsp://bob@host:554/path"),
        ("http://host/x.cgi?user=bob&pwd=hunter2&n=1", "http://host/x.cgi?user=bob&pwd=&n=1"),
        ("http://host/x?access_token=hunter2#raw", "http://host/x?access_token=#raw"),
    ],
)
def test_passwords_are_taken_out_and_nothing_else(address, shown):
    assert redacted(address) == shown


@pytest.mark.parametrize(
    "address", ["demo", "camera:0,1", "http://host:8080/stream@1", "rtsp://bob@host:554/a", "C:/data,C:/more"]
)
def test_an_address_without_a_password_is_shown_as_it_is(address):
    assert redacted(address) == address


@pytest.mark.parametrize("sign", list("@:/?#,&=%"))
def test_a_password_with_any_sign_in_it_is_never_shown(sign):
    address = f"camera:rtsp://bob:hun{sign}ter2@host/path"
    shown = redacted(address)
    try:
        shown += parse_camera(address).name
    except SourceError as error:
        shown += str(error)
    assert "hun" not in shown
    assert "ter2" not in shown


def test_a_password_left_out_comes_from_the_environment(monkeypatch):
    monkeypatch.setenv(PASSWORD_VARIABLE, "a/b")
    assert with_password("rtsp://bob@host/path") == "rtsp://bob:a%2Fb@host/path"
    assert with_password("http://host/x?pwd=&n=1") == "http://host/x?pwd=a%2Fb&n=1"
    assert with_password("rtsp://bob:known@host/path") == "rtsp://bob:known@host/path"
    assert with_password("rtsp://host/path") == "rtsp://host/path"
