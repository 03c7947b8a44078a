import random
from fractions import Fraction

import av
import cv2
import numpy as np
import pytest
from av.video.reformatter import ColorRange, Colorspace, Interpolation

from sterefo_core.errors import BadFrameError, SourceError
from sterefo_core.sources.video_file import VideoFile

COUNT = 40


def picture(index, width=96, height=64):
    rows, columns = np.mgrid[0:height, 0:width]
    waves = [127 + 100 * np.sin((columns + 5 * index) / (9 + k) + (rows - 2 * index) / (7 - k)) for k in range(3)]
    return np.stack(waves, axis=2).astype(np.uint8)


def turning(index, width=96, height=64):
    """A texture that turns and comes nearer."""
    texture = cv2.GaussianBlur(np.random.default_rng(0).integers(0, 255, (400, 600, 3), np.uint8), (0, 0), 1.5)
    view = cv2.getRotationMatrix2D((300, 200), 3 * index, 1 + 0.02 * index)
    view[:, 2] += width / 2 - 300, height / 2 - 200
    return cv2.warpAffine(texture, view, (width, height))


def make(path, codec="libx264", *, times=None, size=(96, 64), muxer=None, scene=picture, **options):
    """A film with B-frames and a key frame every 12 pictures; `times` in milliseconds, else 25 a second."""
    defaults = {"preset": "fast", "g": "12", "bf": "3"} if codec == "libx264" else {"g": "12"}
    with av.open(str(path), "w", container_options=muxer or {}) as container:
        stream = container.add_stream(codec, rate=25, options=defaults | options, time_base=Fraction(1, 1000))
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        if codec == "mpeg2video":
            stream.codec_context.time_base = Fraction(1, 25)
        for index in range(COUNT):
            frame = av.VideoFrame.from_ndarray(scene(index, *size), format="rgb24")
            frame.pts, frame.time_base = (times[index] if times else 40 * index), Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def read_all(file):
    return [file.read(index) for index in range(len(file))]


FILMS = {
    "film.mp4": {},
    "film.mkv": {},
    "film.ts": {},
    "film.flv": {},
    "film.avi": {},  # no presentation times, frames reordered
    "film.h264": {},  # no times at all
    "film.mpg": {"codec": "mpeg2video", "bf": "2", "b": "4000000"},
    "open_groups.ts": {"x264-params": "open-gop=1"},
    "no_key_frames.ts": {"x264-params": "intra-refresh=1"},
    "film.webm": {"codec": "libvpx-vp9", "deadline": "realtime", "cpu-used": "8"},
}


@pytest.mark.parametrize("name", FILMS)
def test_every_frame_is_found_and_has_the_same_bits_in_any_order(tmp_path, name):
    path = make(tmp_path / name, **FILMS[name])
    straight = read_all(VideoFile(path))
    assert len(straight) == COUNT
    for index, shown in enumerate(straight):
        errors = [np.abs(shown.astype(int) - picture(n)).mean() for n in range(max(index - 2, 0), index + 3)]
        assert np.argmin(errors) == min(index, 2)
    jumping, order = VideoFile(path), [*range(COUNT), *range(COUNT)]
    random.Random(name).shuffle(order)
    assert all(np.array_equal(jumping.read(index), straight[index]) for index in order)


def test_a_film_refreshed_strip_by_strip_has_the_same_bits_though_its_decoder_would_start_in_the_middle(tmp_path):
    path = make(tmp_path / "film.ts", scene=turning, **FILMS["no_key_frames.ts"])
    straight, jumping = read_all(VideoFile(path)), VideoFile(path)
    assert len(jumping._index.keys) > 2
    assert all(np.array_equal(jumping.read(index), straight[index]) for index in reversed(range(COUNT)))


@pytest.mark.parametrize("name", ["film.mp4", "film.mkv", "film.ts", "open_groups.ts", "film.webm"])
def test_a_jump_decodes_no_further_back_than_from_the_key_frame_before_it(tmp_path, name):
    file = VideoFile(make(tmp_path / name, **FILMS[name]))
    for index in (30, 14, 39):
        file.read(index)
        assert 0 < index - file._run_start < 12 + 3


@pytest.mark.parametrize("name", ["film.mp4", "film.ts", "film.avi"])
def test_reading_one_frame_after_the_other_never_starts_anew(tmp_path, name, monkeypatch):
    file, starts = VideoFile(make(tmp_path / name)), []
    begin = file._begin
    monkeypatch.setattr(file, "_begin", lambda *where: (starts.append(where), begin(*where)))
    read_all(file)
    assert starts == []
    file.read(0)
    assert len(starts) == 1


@pytest.mark.parametrize("name", ["film.mp4", "film.mkv"])
def test_uneven_times_are_true_and_start_at_zero(tmp_path, name):
    times = [3000 + 40 * index + 7 * (index % 3) + (500 if index > 20 else 0) for index in range(COUNT)]
    file = VideoFile(make(tmp_path / name, times=times))
    expected = [(time - 3000) / 1000 for time in times]
    assert [file.timestamp_s(index) for index in range(COUNT)] == pytest.approx(expected, abs=1e-6)


def test_a_file_without_times_goes_by_its_frame_rate(tmp_path):
    file = VideoFile(make(tmp_path / "film.h264"))
    assert [file.timestamp_s(index) for index in (0, 1, 39)] == pytest.approx([0, 0.04, 39 * 0.04])


def test_of_a_file_that_was_cut_off_what_is_left_is_exact_and_the_rest_is_a_bad_frame(tmp_path):
    path = make(tmp_path / "film.mp4", muxer={"movflags": "+faststart"})
    straight = read_all(VideoFile(path))
    (tmp_path / "cut.mp4").write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])
    cut, whole = VideoFile(tmp_path / "cut.mp4"), 0
    assert len(cut) == COUNT
    for index in range(COUNT):
        try:
            assert np.array_equal(cut.read(index), straight[index])
            assert whole == index, "no hole before the end"
            whole += 1
        except BadFrameError as error:
            assert "cut.mp4 is cut off" in str(error)
    assert COUNT // 4 < whole < COUNT
    assert [cut.timestamp_s(index) for index in range(COUNT)] == pytest.approx([0.04 * n for n in range(COUNT)])


def test_a_piece_cut_out_of_a_film_starts_at_its_first_key_frame(tmp_path):
    with av.open(str(make(tmp_path / "film.ts", **FILMS["open_groups.ts"]))) as film:
        packets = [packet for packet in film.demux(video=0) if packet.dts is not None]
        with av.open(str(tmp_path / "piece.ts"), "w") as piece:
            stream = piece.add_stream_from_template(film.streams.video[0], opaque=True)
            for packet in packets[5:]:
                packet.stream = stream
                piece.mux(packet)
    straight = read_all(VideoFile(tmp_path / "film.ts"))
    rest = read_all(VideoFile(tmp_path / "piece.ts"))
    assert 20 < len(rest) < COUNT - 5
    assert all(map(np.array_equal, reversed(rest), reversed(straight)))


def test_a_frame_of_another_size_is_a_bad_frame(tmp_path):
    first, second = (make(tmp_path / f"{width}.h264", size=(width, 64)) for width in (96, 128))
    (tmp_path / "both.h264").write_bytes(first.read_bytes() + second.read_bytes())
    file = VideoFile(tmp_path / "both.h264")
    assert file.read(COUNT - 1).shape == (64, 96, 3)
    with pytest.raises(BadFrameError, match=r"both\.h264"):
        file.read(COUNT + 3)


@pytest.mark.parametrize(("rows", "colours"), [(64, Colorspace.ITU601), (720, Colorspace.ITU709)])
def test_colours_of_an_untagged_file_go_by_its_size(tmp_path, rows, colours):
    colour = (200, 30, 60)
    with av.open(str(tmp_path / "film.mkv"), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"crf": "4"})
        stream.width, stream.height, stream.pix_fmt = 64, rows, "yuv420p"
        frame = av.VideoFrame.from_ndarray(np.full((rows, 64, 3), colour, np.uint8), format="rgb24").reformat(
            format="yuv420p",
            dst_colorspace=colours,
            src_color_range=ColorRange.JPEG,
            dst_color_range=ColorRange.MPEG,
            interpolation=Interpolation.BILINEAR | Interpolation.ACCURATE_RND,
        )
        frame.colorspace, frame.color_range, frame.pts = 2, 0, 0
        container.mux([*stream.encode(frame), *stream.encode(None)])
    shown = VideoFile(tmp_path / "film.mkv").read(0)
    assert np.abs(shown.astype(int) - colour).max() <= 2


def test_what_has_no_pictures_is_refused(tmp_path):
    with av.open(str(tmp_path / "tone.mp4"), "w") as container:
        stream = container.add_stream("aac", rate=48000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 48000
        container.mux([*stream.encode(frame), *stream.encode(None)])
    with pytest.raises(SourceError, match=r"tone\.mp4 has no video stream"):
        VideoFile(tmp_path / "tone.mp4")


def test_a_subtitle_file_in_disguise_is_refused(tmp_path):
    (tmp_path / "words.mp4").write_text("1\n00:00:00,000 --> 00:00:01,000\nhello\n")
    with pytest.raises(SourceError, match=r"words\.mp4"):
        VideoFile(tmp_path / "words.mp4")
