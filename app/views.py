"""What of a frame is shown: slots of the view actions. They tell the viewport at once, and the preview what to add."""

from __future__ import annotations

from app.preview import Preview
from app.preview_state import View
from app.viewport import Viewport


class Views:
    """Switches between the views.

    Args:
        viewport: shows one.
        preview: prepares what a view needs of each frame.
    """

    def __init__(self, viewport: Viewport, preview: Preview) -> None:
        self._viewport, self._preview = viewport, preview

    def refocused(self, _: bool = True) -> None:
        """The picture as the lens saw it."""
        self._show(View.REFOCUSED)

    def original(self, _: bool = True) -> None:
        """The left picture as it was taken."""
        self._show(View.ORIGINAL)

    def wipe(self, _: bool = True) -> None:
        """Original and refocused beside a line that can be moved."""
        self._show(View.WIPE)

    def disparity(self, _: bool = True) -> None:
        """Disparity as colours."""
        self._show(View.DISPARITY)

    def focal_plane(self, _: bool = True) -> None:
        """What lies in front of, in and behind the focal plane."""
        self._show(View.FOCAL_PLANE)

    def set_safe_colours(self, on: bool) -> None:
        """Use colours that colour-blind people can tell apart."""
        self._viewport.safe_colours = on
        self._preview.look(safe_colours=on)

    def _show(self, view: View) -> None:
        self._viewport.show_view(view)
        self._preview.look(view=view)
