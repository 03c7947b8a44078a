"""The session without Qt: edits, undo and redo, gestures as one step, dirty and saved."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from app.session import UNDO_STEPS, Session
from sterefo_core.project import Project


def with_transition(seconds):
    return replace(Project(), transition_s=seconds)


def test_undo_gives_back_the_snapshot_before_and_redo_the_one_after():
    session = Session(Project())
    session.edit("A", with_transition(1.0))
    session.edit("B", with_transition(2.0))
    session.undo()
    assert (session.project.transition_s, session.undo_name, session.redo_name) == (1.0, "A", "B")
    session.redo()
    assert session.project.transition_s == 2.0


def test_an_edit_that_changes_nothing_is_no_step():
    session = Session(Project())
    session.edit("Nothing", Project())
    assert session.undo_name is None


def test_edits_of_one_gesture_are_one_step_and_a_new_gesture_is_another():
    session, first, second = Session(Project()), object(), object()
    for seconds in (1.0, 1.5, 2.0):
        session.edit("Drag", with_transition(seconds), first)
    session.edit("Drag", with_transition(3.0), second)
    session.undo()
    assert session.project.transition_s == 2.0
    session.undo()
    assert session.project == Project()


def test_an_edit_after_an_undo_forgets_what_was_undone():
    session = Session(Project())
    session.edit("A", with_transition(1.0))
    session.undo()
    session.edit("B", with_transition(2.0))
    assert session.redo_name is None


def test_it_is_clean_when_saved_and_when_undone_to_what_was_saved(tmp_path):
    session = Session(Project())
    session.edit("A", with_transition(1.0))
    session.save(tmp_path / "a.sterefo.json")
    assert not session.dirty
    session.edit("B", with_transition(2.0))
    assert session.dirty
    session.undo()
    assert not session.dirty
    assert Session.load(tmp_path / "a.sterefo.json").project == session.project


@given(st.lists(st.one_of(st.floats(0.1, 9.0), st.sampled_from(["undo", "redo"])), max_size=60))
def test_undoing_everything_gives_the_beginning_and_redoing_everything_the_end(steps):
    session = Session(Project())
    for step in steps:
        if isinstance(step, float):
            session.edit("Step", with_transition(step))
        else:
            getattr(session, step)()
    while session.redo_name:
        session.redo()
    end = session.project
    while session.undo_name:
        session.undo()
    assert session.project == Project()
    while session.redo_name:
        session.redo()
    assert session.project == end


def test_the_history_is_bounded():
    session = Session(Project())
    for i in range(UNDO_STEPS + 50):
        session.edit("Step", with_transition(1.0 + i / 1000))
    steps = 0
    while session.undo_name:
        session.undo()
        steps += 1
    assert steps == UNDO_STEPS
