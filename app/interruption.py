"""Being told to stop, by Ctrl-C or SIGTERM: a KeyboardInterrupt in the main thread that never gets lost."""

from __future__ import annotations

import signal
import sys
from _thread import interrupt_main
from threading import Timer
from typing import Any

_MOMENT_S = 0.02


def heed_interruptions() -> None:
    """Let SIGTERM clean up as Ctrl-C does, also where it comes in the middle of what native code has called back."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if sys.unraisablehook is sys.__unraisablehook__:
        sys.unraisablehook = _again


def _again(lost: Any) -> None:
    """Python drops what is raised in such a callback, of which numba makes many: an interruption comes again."""
    if not issubclass(lost.exc_type, KeyboardInterrupt):
        sys.__unraisablehook__(lost)
        return
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    again = Timer(_MOMENT_S, interrupt_main, [signal.SIGTERM])  # from another thread: here it would be dropped, too
    again.daemon = True
    again.start()
