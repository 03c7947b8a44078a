import os
import subprocess
import sys
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from sterefo_core.errors import ExportError
from sterefo_core.video_writer import CODEC_NAMES, open_writer

TOP = Path(__file__).resolve().parents[2]
NAMES = {"h264": "out.mp4", "hevc": "out.mp4", "av1": "out.mp4", "prores": "out.mov", "ffv1": "out.mkv", "png": "out"}
COLOURS = [
    (255, 0, 0),
    (0, 255, 0),
    (0, 0, 255),
    (255, 255, 0),
    (20, 20, 20),
    (235, 235, 235),
    (255, 255, 255),
    (0, 0, 0),
]


def patches(width=128, height=64):
    """Eight flat fields of strong colours."""
    picture = np.zeros((height, width, 3), np.uint8)
    for number, colour in enumerate(COLOURS):
        row, column = divmod(number, 4)
        picture[row * height // 2 : (row + 1) * height // 2, column * width // 4 : (column + 1) * width // 4] = colour
    return picture


def moving(count, width=80, height=64):
    rows, columns = np.mgrid[0:height, 0:width]
    for index in range(count):
        phases = columns / 9 + index / 3, rows / 7 - index / 4, (columns + rows) / 13 + index / 5
        yield np.stack([127 + 100 * np.sin(phase) for phase in phases], axis=2).astype(np.uint8)


def write(path, codec, pictures, times=None, **settings):
    with open_writer(path, codec, **settings) as writer:
        for index, picture in enumerate(pictures):
            writer.write(picture, times[index] if times else index / 10)
    return path


def read(path):
    """Times and pictures; colours as the tags of the file say."""
    if path.is_dir():
        return [(0.0, cv2.imread(str(p))[..., ::-1]) for p in sorted(path.iterdir())]
    with av.open(str(path)) as container:
        frames = list(container.decode(video=0))
        return [(float(f.pts * f.time_base), f.to_ndarray(format="rgb24")) for f in frames]


# A byte or two are the matrix's rounding; the rest is what the codecs lose in flat fields at their default quality.
WORST = {"h264": 2, "hevc": 3, "av1": 5, "prores": 3, "ffv1": 0, "png": 0}


@pytest.mark.parametrize("codec", CODEC_NAMES)
def test_colours_survive_the_round_trip(tmp_path, codec):
    picture = patches()
    shown = read(write(tmp_path / NAMES[codec], codec, [picture] * 3))[1][1]
    inside = np.zeros((64, 128), bool)
    for number in range(len(COLOURS)):
        row, column = divmod(number, 4)
        inside[row * 32 + 8 : row * 32 + 24, column * 32 + 8 : column * 32 + 24] = True
    assert np.abs(shown.astype(int) - picture)[inside].max() <= WORST[codec]


@pytest.mark.parametrize("codec", ["ffv1", "png"])
def test_lossless_means_every_bit(tmp_path, codec):
    pictures = list(moving(4, 33, 17))
    shown = [picture for _, picture in read(write(tmp_path / NAMES[codec], codec, pictures))]
    assert np.array_equal(shown, pictures)


def test_a_video_says_that_it_is_bt709(tmp_path):
    with av.open(str(write(tmp_path / "out.mp4", "h264", moving(2)))) as container:
        context = container.streams.video[0].codec_context
        tags = context.colorspace, context.color_primaries, context.color_trc, context.color_range
    assert tags == (1, 1, 1, 1)


@pytest.mark.parametrize("codec", ["h264", "hevc", "av1", "prores", "ffv1"])
def test_every_picture_is_there_once_at_its_own_time(tmp_path, codec):
    times = [0.0, 0.04, 0.1, 0.5, 0.51, 2.0]
    shown = read(write(tmp_path / NAMES[codec], codec, moving(6), times))
    assert [time for time, _ in shown] == pytest.approx(times, abs=1e-3)


@pytest.mark.parametrize("rate", [24, 24_000 / 1001, 30_000 / 1001, 60_000 / 1001])
def test_the_usual_frame_rates_are_kept_exactly(tmp_path, rate):
    times = [index / rate for index in range(9)]
    shown = read(write(tmp_path / "out.mp4", "h264", moving(9), times))
    assert [time for time, _ in shown] == pytest.approx(times, abs=1e-9)


@pytest.mark.parametrize("codec", ["h264", "hevc", "av1", "prores"])
@pytest.mark.parametrize(("times", "length"), [([0.0], 0.04), ([5.0, 5.1], 0.2), ([0.0, 0.1, 0.4], 0.7)])
def test_a_video_starts_at_once_and_its_last_picture_stays_as_long_as_the_one_before(tmp_path, codec, times, length):
    with av.open(str(write(tmp_path / NAMES[codec], codec, moving(len(times)), times))) as container:
        stream = container.streams.video[0]
        assert (stream.start_time, stream.frames) == (0, len(times))
        assert float(stream.duration * stream.time_base) == pytest.approx(length, abs=1e-5)


@pytest.mark.parametrize("codec", ["h264", "hevc", "av1"])
def test_odd_sizes_keep_their_last_row_and_column(tmp_path, codec):
    picture = np.full((65, 97, 3), 60, np.uint8)
    picture[-1], picture[:, -1] = 230, 230
    shown = read(write(tmp_path / "out.mp4", codec, [picture] * 2, quality=5))[0][1]
    assert shown.shape == (66, 98, 3)
    assert shown[64:, 10:80].min() > 200 and shown[10:50, 96:].min() > 200


@pytest.mark.parametrize("codec", ["h264", "hevc", "av1", "prores", "ffv1"])
def test_the_same_pictures_give_the_same_bytes(tmp_path, codec):
    # In this size x264's macroblock tree (which is off) gave other bytes in about every second run with AVX-512.
    size = (98, 66) if codec == "hevc" else (98, 50)
    runs = 8 if codec == "h264" else 3
    files = [write(tmp_path / f"{run}{NAMES[codec]}", codec, moving(40, *size)).read_bytes() for run in range(runs)]
    assert len(set(files)) == 1


@pytest.mark.parametrize("codec", ["h264", "png"])
@pytest.mark.parametrize("stop", [KeyboardInterrupt, ValueError])
def test_what_is_interrupted_leaves_nothing(tmp_path, codec, stop):
    with pytest.raises(stop), open_writer(tmp_path / NAMES[codec], codec) as writer:
        for index, picture in enumerate(moving(3)):
            writer.write(picture, float(index))
        raise stop
    assert list(tmp_path.iterdir()) == []


def test_an_older_file_is_replaced_only_by_a_complete_one(tmp_path):
    target = tmp_path / "out.mp4"
    target.write_bytes(b"old")
    with pytest.raises(ValueError, match="stop"), open_writer(target) as writer:
        writer.write(patches(), 0.0)
        raise ValueError("stop")
    assert target.read_bytes() == b"old"
    write(target, "h264", moving(2))
    assert len(read(target)) == 2


def test_an_older_sequence_is_replaced_only_by_a_complete_one(tmp_path):
    write(tmp_path / "out", "png", moving(3))
    with pytest.raises(ValueError, match="stop"), open_writer(tmp_path / "out", "png") as writer:
        writer.write(patches(), 0.0)
        raise ValueError("stop")
    assert len(read(tmp_path / "out")) == 3
    write(tmp_path / "out", "png", moving(2))
    assert len(read(tmp_path / "out")) == 2 and list(tmp_path.iterdir()) == [tmp_path / "out"]


def test_a_folder_that_holds_other_things_is_never_replaced(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("years of work")
    with pytest.raises(ExportError, match="holds other things"):
        write(tmp_path / "out", "png", moving(1))
    assert (tmp_path / "out" / "thesis.txt").read_text() == "years of work"


def test_a_link_stays_one_and_what_it_leads_to_is_replaced(tmp_path):
    (tmp_path / "other_disk").mkdir()
    link, folder = tmp_path / "out.mkv", tmp_path / "out"
    link.symlink_to(tmp_path / "other_disk" / "film.mkv")
    (tmp_path / "other_disk" / "pictures").mkdir()
    folder.symlink_to(tmp_path / "other_disk" / "pictures")
    for target, codec in ((link, "ffv1"), (folder, "png")):
        write(target, codec, moving(2))
        assert target.is_symlink() and len(read(target)) == 2


REFUSED = {
    "an unknown codec": (lambda t: write(t / "a.mp4", "betamax", moving(1)), "no codec"),
    "a suffix that does not fit": (lambda t: write(t / "a.avi", "h264", moving(1)), r"\.mp4 or \.mov or \.mkv"),
    "a folder with a suffix": (lambda t: write(t / "a.png", "png", moving(1)), "writes a folder"),
    "a quality outside": (lambda t: write(t / "a.mp4", "h264", moving(1), quality=99), "0 .best. to 51"),
    "a quality that there is not": (lambda t: write(t / "a.mkv", "ffv1", moving(1), quality=3), "no quality"),
    "an absent folder": (lambda t: write(t / "no" / "a.mp4", "h264", moving(1)), "folder does not exist"),
    "a folder that is a file": (lambda t: write(Path(__file__) / "a.mp4", "h264", moving(1)), "folder does not exist"),
    "a folder that takes no files": (lambda t: write(Path("/proc/a.mp4"), "h264", moving(1)), "cannot write /proc"),
    "a device": (lambda t: write(device(t / "a.mp4"), "h264", moving(1)), "a device or a pipe"),
    "the root": (lambda t: write(Path("/"), "png", moving(1)), "holds other things"),
    "a long name": (lambda t: write(t / ("a" * 252 + ".mp4"), "h264", moving(1)), "name is too long"),
    "two sizes": (lambda t: write(t / "a.mp4", "h264", [patches(), patches(64)]), "64x64 pixels"),
    "a time that stands still": (lambda t: write(t / "a.mp4", "h264", moving(2), [1.0, 1.0]), "must ascend"),
    "pictures too small for the codec": (lambda t: write(t / "a.mp4", "hevc", moving(2, 64, 40)), "at least 64x64"),
    "no picture": (lambda t: write(t / "a.mp4", "h264", []), "no picture"),
    "sound from nowhere": (lambda t: write(t / "a.mp4", "h264", moving(1), audio=t / "no.wav"), "sound of"),
}


def device(path):
    os.mkfifo(path)
    return path


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_written_is_said_in_one_line_and_leaves_nothing(tmp_path, case):
    attempt, says = REFUSED[case]
    with pytest.raises(ExportError, match=says) as caught:
        attempt(tmp_path)
    assert "\n" not in str(caught.value) and not any(path.is_file() for path in tmp_path.iterdir())


@pytest.mark.parametrize("codec", ["h264", "ffv1", "prores"])
@pytest.mark.parametrize("count", [1, 60], ids=["noticed at the end", "noticed on the way"])
def test_a_full_disk_is_named(tmp_path, codec, count):
    (tmp_path / f"{NAMES[codec]}.part").symlink_to("/dev/full")  # takes no byte: "no space left on device"
    with pytest.raises(ExportError, match="the disk is full: free some space") as caught:
        write(tmp_path / NAMES[codec], codec, moving(count))
    assert "\n" not in str(caught.value) and list(tmp_path.iterdir()) == []


DISK_FULL = """
import resource, signal, sys
import numpy as np
from pathlib import Path
from sterefo_core.errors import ExportError
from sterefo_core.video_writer import open_writer
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
rng = np.random.default_rng(0)
try:
    with open_writer(Path(sys.argv[1]), sys.argv[2]) as writer:
        for index in range(40):
            writer.write(rng.integers(0, 255, (96, 128, 3), np.uint8), index / 10)
except ExportError as error:
    sys.exit(str(error))
"""


@pytest.mark.parametrize("codec", ["h264", "ffv1", "png"])
def test_a_disk_that_fills_up_is_one_clear_error_and_leaves_nothing(tmp_path, codec):
    command = [sys.executable, "-c", DISK_FULL, str(tmp_path / NAMES[codec]), codec]
    done = subprocess.run(command, cwd=TOP, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and done.stderr.startswith("cannot write"), done.stderr
    assert list(tmp_path.iterdir()) == []
