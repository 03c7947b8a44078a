"""Which compiled kernels numba may take from its cache: those made when all sources with kernels were as they are now.

numba itself looks at a kernel's own file alone. A kernel holds the machine code of all kernels that it calls, also of
other files: without this it would go on with what they were when it was compiled.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from numba.core import caching


class _Stamped:
    """To whatever a function's source is known by, adds all the kernels'."""

    def get_source_stamp(self) -> tuple[object, str]:
        return super().get_source_stamp(), _sources()  # type: ignore[misc]  # numba's class follows


class Chosen(_Stamped, caching.UserProvidedCacheLocator):
    """In NUMBA_CACHE_DIR."""


class BesideSource(_Stamped, caching.InTreeCacheLocator):
    """In the `__pycache__` beside the source."""


class OfUser(_Stamped, caching.UserWideCacheLocator):
    """In the user's folder for caches."""


class OfProcess(_Stamped, caching.InTreeCacheLocator):
    """In a folder that goes with the process: where nothing else can be written, kernels are compiled at each start."""

    def get_cache_path(self) -> str:
        """The folder."""
        return _temporary().name


@cache
def _sources() -> str:
    """A digest of all files here that have to do with numba."""
    sources = (path.read_bytes() for path in sorted(Path(__file__).parent.rglob("*.py")))
    return hashlib.sha256(b"".join(source for source in sources if b"numba" in source)).hexdigest()


@cache
def _temporary() -> TemporaryDirectory[str]:
    """Removed at the end of the process."""
    return TemporaryDirectory(prefix="sterefo-kernels-")
