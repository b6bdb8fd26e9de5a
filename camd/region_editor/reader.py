"""PURE. Reads a region as it is drawn so far, to show at once what would be read in it."""

from collections.abc import Mapping
from typing import Any

from camd.config.settings import MaskSettings, RegionSettings, Settings
from camd.geometry import Corners
from camd.pipeline import Model, Pipeline
from camd.region_editor.sketch import Kind
from camd.regions.view import View
from camd.values import Image, Result


class Reader:
    def __init__(
        self,
        settings: Settings,
        model: Model,
        kind: Kind,
        name: str,
        options: Mapping[str, Any],
    ) -> None:
        """`options` are the region's, without its place."""
        self.settings, self.kind, self.name = settings, kind, name
        self._options = options
        self._model = model

    @property
    def others(self) -> list[RegionSettings | MaskSettings]:
        """The regions and masks that the configuration has beside this one."""
        own = places(self.settings, self.kind)
        every: list[RegionSettings | MaskSettings] = [*self.settings.region, *self.settings.mask]
        return [place for place in every if place.name != self.name or place not in own]

    def read(self, image: Image, outline: Corners) -> tuple[Image | None, Result | None]:
        """Return the picture cut out for the region, and what is read in it; for a mask None.

        `image`: the frame, BGR or grey uint8. Raises ValidationError where options or outline are
        wrong."""
        if self.kind == "mask":
            return None, None
        region = RegionSettings.model_validate(
            {**self._options, "name": self.name, self.kind: outline}
        )
        settings = self.settings.model_copy(update={"region": (region,)})
        view = View.of(region, (), (image.shape[1], image.shape[0]))
        return view.cut(image), Pipeline(settings, self._model).still(image)


def places(settings: Settings, kind: Kind) -> tuple[RegionSettings | MaskSettings, ...]:
    """Return the regions of the configuration, or its masks."""
    return settings.mask if kind == "mask" else settings.region
