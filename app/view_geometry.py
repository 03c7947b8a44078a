"""Where the picture lies in the viewport: fit, zoom and pan as arithmetic. No Qt."""

from __future__ import annotations

from dataclasses import dataclass

SMALLEST_ZOOM, LARGEST_ZOOM = 0.05, 40.0


@dataclass
class ViewGeometry:
    """A picture in a view, both with sizes in px; `zoom` is view px per picture px, None fits the whole picture.

    Attributes:
        centre: the place of the picture in the middle of the view, while zoomed.
    """

    picture: tuple[float, float] = (1.0, 1.0)
    view: tuple[float, float] = (1.0, 1.0)
    zoom: float | None = None
    centre: tuple[float, float] = (0.5, 0.5)

    @property
    def scale(self) -> float:
        """View px per picture px as it is now."""
        if self.zoom is not None:
            return self.zoom
        return max(min(self.view[0] / self.picture[0], self.view[1] / self.picture[1]), 1e-6)

    @property
    def rect(self) -> tuple[float, float, float, float]:
        """Left, top, width and height of the picture in the view."""
        centre = self.centre if self.zoom is not None else (self.picture[0] / 2, self.picture[1] / 2)
        left, top = (self.view[i] / 2 - centre[i] * self.scale for i in (0, 1))
        return left, top, self.picture[0] * self.scale, self.picture[1] * self.scale

    def to_picture(self, x: float, y: float) -> tuple[float, float]:
        """The place of the picture under a place of the view; pixel (0, 0) reaches from 0 to 1."""
        left, top, _, _ = self.rect
        return (x - left) / self.scale, (y - top) / self.scale

    def to_view(self, x: float, y: float) -> tuple[float, float]:
        """The inverse of `to_picture`."""
        left, top, _, _ = self.rect
        return left + x * self.scale, top + y * self.scale

    def fit(self) -> None:
        """Show the whole picture."""
        self.zoom = None

    def zoom_to(self, zoom: float, x: float, y: float) -> None:
        """Zoom so that what lies at this place of the view stays there."""
        kept = self.to_picture(x, y)
        self.zoom = min(max(zoom, SMALLEST_ZOOM), LARGEST_ZOOM)
        offset = x - self.view[0] / 2, y - self.view[1] / 2
        self._centre_on(kept[0] - offset[0] / self.zoom, kept[1] - offset[1] / self.zoom)

    def pan(self, dx: float, dy: float) -> None:
        """Move the picture by so many px of the view; some of it always stays visible."""
        zoom = self.scale
        centre = self.to_picture(self.view[0] / 2, self.view[1] / 2)
        self.zoom = zoom
        self._centre_on(centre[0] - dx / zoom, centre[1] - dy / zoom)

    def _centre_on(self, x: float, y: float) -> None:
        self.centre = min(max(x, 0.0), self.picture[0]), min(max(y, 0.0), self.picture[1])
