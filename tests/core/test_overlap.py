"""Looking at the next frame meanwhile, reading ahead and encoding beside: the same pictures and errors, only sooner."""

import threading
from concurrent.futures import Future
from contextlib import closing
from dataclasses import replace

import pytest

from sterefo_core.conveyor import ROOM, on_another_thread
from sterefo_core.depth import make_depth_engine, steadied
from sterefo_core.errors import BadFrameError, TrackerError
from sterefo_core.pipeline import Pipeline
from sterefo_core.project import Project
from sterefo_core.refocus import make_renderer
from sterefo_core.sources import open_source
from sterefo_core.sources.read_ahead import ReadAhead
from sterefo_core.types import Box, Follow, Hold, Lens, Release
from tests.moving_square import FOLLOW, WALL_PX, make_sequence
from tests.threads import none_is_left
from trackers import make_tracker

FRAMES = 12
THREADS = ("lookout", "tracker", "reader", "encoder")
FOLLOWING = Project(decisions=(FOLLOW, Hold(7, float(WALL_PX)), Release(10)), lens=Lens(aperture=0.4))
EDITED = replace(FOLLOWING, decisions=(FOLLOW, Hold(4, float(WALL_PX)), Follow(8, Box(68, 30, 40, 36))))
BACKWARD = replace(FOLLOWING, decisions=(Follow(9, Box(69, 30, 40, 36), backward=True),))
CHOSEN = replace(FOLLOWING, decisions=(), automatic=True)


@pytest.fixture
def folder(tmp_path):
    return make_sequence(tmp_path / "00", frames=FRAMES)


def opened(folder):
    return closing(ReadAhead(open_source(str(folder))))


def pipeline_of(source, renderer=None):
    depth = steadied(make_depth_engine("sgm"), source)
    return Pipeline(source, depth, renderer or make_renderer("cpu"), make_tracker)


def told(shot):
    return shot.frame.index, shot.track, shot.focus, shot.capped, shot.image.tobytes()


def step_by_step(folder, asked):
    """What each (frame, project) shows where nothing overlaps, each in turn with the same pipeline; errors by type."""
    return shown(open_source(str(folder)), [(index, project, None) for index, project in asked])


def shown(source, asked):
    found = []
    with closing(source), pipeline_of(source) as pipeline:
        for index, project, then in asked:
            try:
                found.append(told(pipeline.process(pipeline.read(index), project, then)))
            except (BadFrameError, TrackerError) as error:
                found.append(str(error))
    return found


@pytest.mark.parametrize("project", [FOLLOWING, EDITED, BACKWARD, CHOSEN, replace(FOLLOWING, look_ahead=0)])
def test_playing_shows_what_one_frame_after_the_other_shows(folder, project):
    with opened(folder) as source, pipeline_of(source) as pipeline:
        played = [told(shot) for shot in pipeline.run(project)]
    assert played == step_by_step(folder, [(index, project) for index in range(FRAMES)])
    none_is_left(*THREADS)


@pytest.mark.parametrize(
    "asked",
    [
        [(0, FOLLOWING, 1), (1, FOLLOWING, 2), (9, FOLLOWING, 10), (3, FOLLOWING, 2), (2, FOLLOWING, 1)],  # seeks
        [(0, FOLLOWING, 11), (1, FOLLOWING, 0), (1, FOLLOWING, 1), (5, FOLLOWING, 99)],  # what is expected never comes
        [(0, FOLLOWING, 1), (1, EDITED, 2), (2, FOLLOWING, 3), (3, BACKWARD, 4), (4, CHOSEN, 5), (5, EDITED, 6)],
    ],
    ids=["seeks", "surprises", "edits"],
)
def test_whatever_is_expected_the_pictures_stay_the_same(folder, asked):
    assert shown(ReadAhead(open_source(str(folder))), asked) == step_by_step(folder, [each[:2] for each in asked])


def test_a_bad_frame_is_told_when_it_is_asked_for_and_passed_over_on_the_way(folder):
    (folder / "image_3" / "000004.png").write_bytes(b"\x89PNG, cut off")
    asked = [(index, FOLLOWING) for index in range(FRAMES)]
    expecting = [(index, project, index + 1) for index, project in asked]
    straight = step_by_step(folder, asked)
    assert "000004.png" in straight[4] and sum(isinstance(each, str) for each in straight) == 1
    assert shown(ReadAhead(open_source(str(folder))), expecting) == straight


def test_an_error_while_looking_at_the_next_frame_is_raised_once_and_only_if_that_frame_is_asked_for(folder):
    hopeless = replace(FOLLOWING, decisions=(FOLLOW, Follow(6, Box(5, 5, 1, 1))), look_ahead=0)
    with opened(folder) as source, pipeline_of(source) as pipeline:
        first = told(pipeline.process(pipeline.read(5), hopeless, 6))
        again = told(pipeline.process(pipeline.read(5), hopeless, 6))
        assert first == again
        with pytest.raises(TrackerError):
            pipeline.process(pipeline.read(6), hopeless)
        mended = told(pipeline.process(pipeline.read(6), FOLLOWING))
    assert mended == step_by_step(folder, [(6, FOLLOWING)])[0]


class Watched:
    """A renderer that lets go of a frame when the next one has been looked at, or tells that it was not."""

    def __init__(self):
        self.looked = threading.Event()
        self.waited = []

    def render(self, image, disparity, focus_disparity, lens, right):
        self.waited.append(self.looked.wait(60))
        return image


class Noted:
    """A source that tells which frames are read."""

    def __init__(self, source, on_read):
        self._source, self._on_read = source, on_read

    def __getattr__(self, name):
        return getattr(self._source, name)

    def __len__(self):
        return len(self._source)

    def read(self, index):
        self._on_read(index)
        return self._source.read(index)


def test_the_next_frame_is_looked_at_while_one_is_refocused(folder):
    renderer = Watched()
    with closing(open_source(str(folder))) as plain:
        source = Noted(plain, lambda index: renderer.looked.set() if index == 1 else None)
        with pipeline_of(source, renderer) as pipeline:
            pipeline.process(pipeline.read(0), replace(FOLLOWING, look_ahead=0), then=1)
    assert renderer.waited == [True]


def test_a_pipeline_closed_while_it_looks_ahead_ends_its_threads_before_the_source_is_closed(folder):
    with opened(folder) as source:
        with pipeline_of(source) as pipeline:
            pipeline.process(pipeline.read(0), FOLLOWING, then=5)
        none_is_left("lookout", "tracker")
    none_is_left(*THREADS)


class Counted:
    """A depth engine that tells which frames it worked on."""

    def __init__(self):
        self.engine, self.computed = make_depth_engine("sgm"), []

    def compute(self, frame):
        self.computed.append(frame.index)
        return self.engine.compute(frame)


def test_frames_shown_while_playing_are_matched_once_each(folder):
    depth = Counted()
    with opened(folder) as source, Pipeline(source, depth, make_renderer("cpu"), make_tracker) as pipeline:
        for ahead in (4, 0, 4):  # as the window does: a provisional picture in between looks ahead less far
            pipeline.process(pipeline.read(0), replace(FOLLOWING, look_ahead=ahead))
        assert len(list(pipeline.run(FOLLOWING))) == FRAMES
    assert sorted(depth.computed) == list(range(FRAMES))


@pytest.mark.parametrize(("room", "matched_again"), [(FRAMES, 0), (FRAMES - 3, 3)])
def test_frames_gone_back_to_are_matched_again_only_where_there_was_no_room_to_keep_them(folder, room, matched_again):
    depth = Counted()
    with opened(folder) as source, Pipeline(source, depth, make_renderer("cpu"), make_tracker) as pipeline:
        width, height = source.size
        pipeline.keep_disparity(room * width * height * (4 + 1))  # float32, and whether it is valid
        first = [told(shot) for shot in pipeline.run(FOLLOWING)]
        del depth.computed[:]
        again = [told(pipeline.process(pipeline.read(index), FOLLOWING)) for index in range(FRAMES - 1, -1, -1)]
    assert again[::-1] == first
    assert depth.computed == list(range(matched_again - 1, -1, -1))  # those farthest from where playing was


def pictures(source, order):
    def read(index):
        try:
            frame = source.read(index)
        except (BadFrameError, IndexError) as error:
            return type(error).__name__
        return frame.index, frame.timestamp_s, frame.left.tobytes(), frame.right.tobytes()

    return [read(index) for index in order]


@pytest.mark.parametrize(
    "order", [range(FRAMES), range(FRAMES - 1, -1, -1), [3, 3, 4, 4, 9, 10, 2, 1, 99, 0, 11, -1, 5]]
)
def test_frames_read_ahead_are_those_of_the_source_in_whatever_order(folder, order):
    (folder / "image_2" / "000010.png").unlink()
    with closing(open_source(str(folder))) as plain, opened(folder) as source:
        assert pictures(source, order) == pictures(plain, order)
        assert (len(source), source.size, source.name) == (len(plain), plain.size, plain.name)
        assert source.calibration == plain.calibration and source.truth(1) is not None


def test_a_frame_is_read_before_it_is_asked_for_and_only_once(folder):
    read, third = [], threading.Event()

    def note(index):
        read.append(index)
        if index == 2:
            third.set()

    with closing(open_source(str(folder))) as plain, closing(ReadAhead(Noted(plain, note))) as source:
        source.read(0)
        source.read(1)
        assert third.wait(60)  # nobody has asked for it
        source.read(2)
        source.read(3)
    assert read == [0, 1, 2, 3, 4]


def test_no_frame_is_read_in_vain_while_every_other_one_or_so_is_skipped(folder):
    read, asked = [], [0, 2, 3, 5, 6, 8, 10, 9, 7]
    with closing(open_source(str(folder))) as plain:
        with closing(ReadAhead(Noted(plain, read.append))) as source:
            for index in asked:
                source.read(index)
        assert read == [0, 1, *asked[1:]]  # that it will not go on from the first frame is to be seen only then


def test_pieces_are_worked_on_in_order_on_another_thread_and_all_of_them():
    done, threads = [], set()

    def work(piece):
        done.append(piece)
        threads.add(threading.current_thread().name)

    with on_another_thread(work) as hand_over:
        for piece in range(50):
            hand_over(piece)
    assert done == list(range(50)) and threading.current_thread().name not in threads
    none_is_left(*THREADS)


def test_who_makes_pieces_waits_where_too_many_are_waiting():
    gate, most = threading.Event(), []

    def work(piece):
        gate.wait(60)

    def open_the_gate_when_stuck(made):
        most.append(made)
        if made > ROOM:
            gate.set()

    with on_another_thread(work) as hand_over:
        for made in range(1, 10):
            open_the_gate_when_stuck(made)
            hand_over(made)
    assert most == list(range(1, 10))


def test_what_the_other_thread_raises_reaches_the_caller():
    with pytest.raises(ValueError, match="piece 3"), on_another_thread(failing_at_3) as hand_over:
        for piece in range(3 + ROOM + 2):
            hand_over(piece)
    with pytest.raises(ValueError, match="piece 3"), on_another_thread(failing_at_3) as hand_over:
        hand_over(3)  # the last one: told at the end of the block
    none_is_left(*THREADS)


def failing_at_3(piece):
    if piece == 3:
        raise ValueError(f"piece {piece}")


def test_what_the_caller_raises_is_what_is_told_and_what_waits_is_left_undone(monkeypatch):
    given_up, done = threading.Event(), []
    cancel = Future.cancel
    monkeypatch.setattr(Future, "cancel", lambda piece: cancel(piece) and given_up.set())

    def work(piece):
        assert given_up.wait(60)
        done.append(piece)

    with pytest.raises(KeyboardInterrupt), on_another_thread(work) as hand_over:
        hand_over(0)
        hand_over(1)
        raise KeyboardInterrupt
    assert 1 not in done
