"""Threads that must be gone."""

import threading

PATIENCE_S = 60.0
"""For what comes at once on an idle machine."""


def none_is_left(*names):
    """No thread whose name begins so goes on. Closing a camera waits for its thread only so long; this waits longer."""
    left = [thread for thread in threading.enumerate() if thread.name.startswith(names)]
    for thread in left:
        thread.join(PATIENCE_S)
    assert not [thread.name for thread in left if thread.is_alive()]
