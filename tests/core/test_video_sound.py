import av
import numpy as np
import pytest

from sterefo_core.video_writer import open_writer

RATE = 48_000
CLICKS_S = (0.5, 1.0, 1.5)


def make_sound(path, codec, *, layout="stereo", seconds=2.0, pictures=False, first_picture_s=0.0):
    """A soft tone with clicks at known times, alone or with pictures at 25 a second."""
    wave = 0.05 * np.sin(2 * np.pi * 440 * np.arange(int(seconds * RATE)) / RATE)
    for click_s in CLICKS_S:
        wave[int(click_s * RATE) :][:48] = 0.9
    with av.open(str(path), "w") as container:
        if pictures:
            video = container.add_stream("libx264", rate=25, width=64, height=64, pix_fmt="yuv420p")
        sound = container.add_stream(codec, rate=RATE, layout=layout)
        if pictures:
            for index in range(int(seconds * 25)):
                frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), index, np.uint8), format="rgb24")
                frame.pts = index + round(first_picture_s * 25)
                container.mux(video.encode(frame))
            container.mux(video.encode(None))
        channels = np.tile(wave.astype(np.float32), (1 if layout == "mono" else 2, 1))
        for start in range(0, channels.shape[1], 1024):
            part = np.ascontiguousarray(channels[:, start : start + 1024])
            frame = av.AudioFrame.from_ndarray(part, format="fltp", layout=layout)
            frame.sample_rate, frame.pts = RATE, start
            container.mux(sound.encode(frame))
        container.mux(sound.encode(None))
    return path


def export(target, audio, seconds, start_s=0.0):
    with open_writer(target, {".mov": "prores"}.get(target.suffix, "h264"), audio=audio, audio_start_s=start_s) as out:
        for index in range(round(seconds * 25)):
            out.write(np.full((64, 64, 3), 9 * index % 256, np.uint8), index / 25)
    return target


def heard(path):
    """Codec, times of the clicks and of the end on the clock of the pictures."""
    with av.open(str(path)) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        first_picture_s = float((video.start_time or 0) * video.time_base)
        times, loud = [], []
        for frame in container.decode(audio):
            samples = frame.to_ndarray().astype(float)
            wave = samples[0] if frame.format.is_planar else samples[0, :: len(frame.layout.channels)]
            times += list(frame.time - first_picture_s + np.arange(len(wave)) / frame.sample_rate)
            loud += list(np.abs(wave) / (1 if np.abs(wave).max() <= 2 else 2**15) > 0.45)
        onsets = [time for time, now, before in zip(times, loud, [False, *loud], strict=False) if now and not before]
        clicks = [time for time, before in zip(onsets, [-1.0, *onsets], strict=False) if time - before > 0.1]
        return audio.codec_context.name, clicks, times[-1]


KEPT = [("a.mp4", "aac", "out.mp4"), ("a.mp4", "aac", "out.mkv"), ("a.ts", "aac", "out.mp4")]
KEPT += [("a.mkv", "libopus", "out.mp4"), ("a.wav", "pcm_s16le", "out.mov"), ("a.wav", "pcm_s16le", "out.mkv")]


@pytest.mark.parametrize(("source", "codec", "target"), KEPT)
def test_sound_is_copied_packet_by_packet_and_stays_in_time(tmp_path, source, codec, target):
    audio = make_sound(tmp_path / source, codec, pictures=not source.endswith("wav"))
    written = export(tmp_path / target, audio, seconds=2)
    name, clicks, end_s = heard(written)
    assert name == codec.removeprefix("lib") and clicks == pytest.approx(CLICKS_S, abs=0.003)
    assert 1.9 < end_s < 2.03
    with av.open(str(audio)) as before, av.open(str(written)) as after:
        original, copied = (b"".join(map(bytes, container.demux(audio=0))) for container in (before, after))
    assert copied in original or source == "a.ts"  # in TS each packet carries a header that MP4 does without


@pytest.mark.parametrize("source", [("a.mkv", "libopus"), ("a.mkv", "flac")])
def test_sound_that_the_container_cannot_hold_is_encoded_and_stays_in_time(tmp_path, source):
    name, clicks, _ = heard(export(tmp_path / "out.mov", make_sound(tmp_path / source[0], source[1]), seconds=2))
    assert name == "aac" and clicks == pytest.approx(CLICKS_S, abs=0.003)


@pytest.mark.parametrize("layout", ["mono", "stereo"])
def test_a_wav_that_does_not_say_where_its_speakers_stand_can_go_into_mp4(tmp_path, layout):
    audio = make_sound(tmp_path / "a.wav", "pcm_s16le", layout=layout)
    _, clicks, _ = heard(export(tmp_path / "out.mp4", audio, seconds=2))
    assert clicks == pytest.approx(CLICKS_S, abs=0.003)


@pytest.mark.parametrize("target", ["out.mp4", "out.mkv", "out.mov"])
def test_sound_starts_where_asked_and_ends_with_the_pictures(tmp_path, target):
    audio = make_sound(tmp_path / "a.mp4", "aac", pictures=True)
    _, clicks, end_s = heard(export(tmp_path / target, audio, seconds=1, start_s=0.4))
    assert clicks == pytest.approx([0.1, 0.6], abs=0.003)
    assert 0.9 < end_s < 1.03


def test_the_start_is_counted_from_the_first_picture_of_the_file(tmp_path):
    audio = make_sound(tmp_path / "a.mkv", "aac", pictures=True, first_picture_s=0.2)
    assert heard(export(tmp_path / "out.mp4", audio, seconds=1))[1] == pytest.approx([0.3, 0.8], abs=0.003)


def test_sound_that_runs_out_early_does_not_shorten_the_pictures(tmp_path):
    audio = make_sound(tmp_path / "a.wav", "pcm_s16le", seconds=0.7)
    target = export(tmp_path / "out.mkv", audio, seconds=2)
    assert heard(target)[2] == pytest.approx(0.7, abs=0.05)
    with av.open(str(target)) as container:
        assert sum(1 for _ in container.decode(video=0)) == 50
