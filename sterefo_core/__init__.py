"""Everything but windows and trackers: sources, depth, focus, refocusing, projects and export."""

import os

os.environ.setdefault(  # before numba is imported
    "NUMBA_CACHE_LOCATOR_CLASSES",
    ",".join(f"sterefo_core.kernel_cache.{kind}" for kind in ("Chosen", "BesideSource", "OfUser", "OfProcess")),
)
