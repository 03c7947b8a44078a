import av
import numpy as np
import pytest

from sterefo_core.errors import BadFrameError, SourceError
from sterefo_core.sources import open_source
from sterefo_core.sources.synthetic import SyntheticSource
from sterefo_core.video_writer import open_writer

FRAMES = 14


@pytest.fixture(scope="module")
def pairs():
    demo = SyntheticSource(size=(160, 80))
    return [demo.read(8 * index) for index in range(FRAMES)]


@pytest.fixture(scope="module")
def films(pairs, tmp_path_factory):
    """Side by side with B-frames and key frames (times uneven), top-bottom, and one file for each eye."""
    folder = tmp_path_factory.mktemp("films")
    times = [0.04 * index + (0.3 if index > 6 else 0) for index in range(FRAMES)]
    joined = {
        "sbs.mp4": [np.hstack([p.left, p.right]) for p in pairs],
        "tb.mkv": [np.vstack([p.left, p.right]) for p in pairs],
        "left.mp4": [p.left for p in pairs],
        "right.mp4": [p.right for p in pairs][:-2],
    }
    for name, pictures in joined.items():
        with open_writer(folder / name, quality=8) as writer:
            for picture, time in zip(pictures, times, strict=False):
                writer.write(picture, time)
    many = folder / "gop.mp4"
    with av.open(str(many), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"g": "5", "bf": "2", "crf": "20"})
        stream.width, stream.height, stream.pix_fmt = 320, 80, "yuv420p"
        for picture in joined["sbs.mp4"]:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    return folder


def near(picture, other):
    return float(np.abs(picture.astype(int) - other).mean()) < 6


@pytest.mark.parametrize(("name", "kind"), [("sbs.mp4", "side-by-side"), ("tb.mkv", "top-bottom")])
def test_how_both_eyes_share_a_picture_is_seen_by_looking(films, pairs, name, kind):
    source = open_source(str(films / name))
    assert kind in source.kind and source.size == (160, 80) and len(source) == FRAMES
    frame = source.read(3)
    assert near(frame.left, pairs[3].left) and near(frame.right, pairs[3].right)
    assert source.calibration is None


def test_two_files_are_one_source_as_long_as_the_shorter(films, pairs):
    source = open_source(f"{films / 'left.mp4'},{films / 'right.mp4'}")
    assert len(source) == FRAMES - 2
    frame = source.read(9)
    assert near(frame.left, pairs[9].left) and near(frame.right, pairs[9].right)


@pytest.mark.parametrize("name", ["sbs.mp4", "gop.mp4"])
def test_a_frame_has_the_same_bits_however_it_was_reached(films, name):
    straight = [frame.left for frame in map(open_source(str(films / name)).read, range(FRAMES))]
    jumping = open_source(str(films / name))
    for index in (13, 0, 7, 6, 5, 11, 12, 1, 13, 4):
        assert np.array_equal(jumping.read(index).left, straight[index]), index


def test_times_are_those_of_the_file(films):
    source = open_source(str(films / "sbs.mp4"))
    expected = [0.04 * index + (0.3 if index > 6 else 0) for index in range(FRAMES)]
    assert [source.timestamp_s(index) for index in range(FRAMES)] == pytest.approx(expected, abs=1e-4)
    assert source.read(8).timestamp_s == source.timestamp_s(8)


@pytest.mark.parametrize("index", [-1, FRAMES])
def test_outside_the_film_is_an_index_error(films, index):
    with pytest.raises(IndexError):
        open_source(str(films / "sbs.mp4")).read(index)


def refused(address, layout="auto"):
    with pytest.raises(SourceError) as caught:
        open_source(str(address), layout)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_film_for_one_eye_is_refused_with_advice(films):
    assert "--layout side-by-side or top-bottom, or two files LEFT,RIGHT" in refused(films / "left.mp4")


def test_what_is_no_film_is_refused_by_name(films, tmp_path):
    for name, content in {
        "text.mp4": b"not a film\n" * 99,
        "empty.mp4": b"",
        "noise.mkv": bytes(range(256)) * 40,
    }.items():
        (tmp_path / name).write_bytes(content)
        assert name in refused(tmp_path / name)
    assert "gone.mp4" in refused(tmp_path / "gone.mp4")
    assert "no layout" in refused(films / "sbs.mp4", "diagonal")


@pytest.mark.parametrize(
    ("width", "height", "layout", "says"),
    [
        (161, 64, "side-by-side", "161x64 pixels, which cannot be halved side-by-side"),
        (160, 65, "top-bottom", "160x65 pixels, which cannot be halved top-bottom"),
        (24, 64, "side-by-side", "each eye 12x64 pixels: at least 16x16"),
    ],
)
def test_a_picture_that_cannot_be_shared_by_two_eyes_is_refused(tmp_path, width, height, layout, says):
    with open_writer(tmp_path / "film.mkv", "ffv1") as writer:
        writer.write(np.zeros((height, width, 3), np.uint8), 0.0)
    message = refused(tmp_path / "film.mkv", layout)
    assert says in message and "film.mkv" in message


def test_the_sound_of_a_film_belongs_to_its_source(films, tmp_path):
    tone = tmp_path / "tone.wav"
    with av.open(str(tone), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=48000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 48000), np.int16), format="s16", layout="mono")
        frame.sample_rate = 48000
        container.mux([*stream.encode(frame), *stream.encode(None)])
    loud, silent = tmp_path / "loud.mkv", films / "sbs.mp4"
    with open_writer(loud, audio=tone) as writer:
        for index in range(5):
            writer.write(np.zeros((64, 160, 3), np.uint8), float(index))
    assert open_source(str(loud), "side-by-side").audio == loud
    assert open_source(str(silent)).audio is None


def test_two_films_of_different_sizes_are_refused(films):
    assert "same size" in refused(f"{films / 'left.mp4'},{films / 'tb.mkv'}")


def test_of_a_film_that_was_cut_off_the_whole_frames_can_be_read(films, tmp_path):
    whole = (films / "tb.mkv").read_bytes()
    (tmp_path / "cut.mkv").write_bytes(whole[: len(whole) * 6 // 10])
    source = open_source(str(tmp_path / "cut.mkv"), "top-bottom")
    straight = open_source(str(films / "tb.mkv"))
    assert np.array_equal(source.read(0).left, straight.read(0).left)
    readable = 0
    for index in range(len(source)):
        try:
            source.read(index)
            readable += 1
        except BadFrameError as error:
            assert "cut.mkv" in str(error)
    assert 0 < readable < FRAMES


@pytest.mark.parametrize("seed", range(60))
def test_a_damaged_film_never_raises_anything_but_our_own_errors(films, tmp_path, seed):
    rng = np.random.default_rng(seed)
    data = bytearray((films / ("sbs.mp4" if seed % 2 else "tb.mkv")).read_bytes())
    for place in rng.integers(0, len(data), 30):
        data[place] = rng.integers(256)
    path = tmp_path / f"damaged{seed % 2}.mkv"
    path.write_bytes(data)
    try:
        source = open_source(str(path), "side-by-side")
        for index in {0, len(source) // 2, len(source) - 1}:
            source.read(index)
        source.close()
    except SourceError as error:
        assert "\n" not in str(error)
