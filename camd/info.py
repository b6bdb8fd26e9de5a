"""What camd says of itself, and of how it is set."""

from typing import Any

from camd import __version__
from camd.config.settings import Settings
from camd.pipeline import Pipeline


def info(
    settings: Settings, pipeline: Pipeline, source: str, size: tuple[int, ...]
) -> dict[str, Any]:
    """Return the `info` payload. `source`: its name, without a password; `size`: of a frame, width
    and height."""
    return {
        "version": __version__,
        "model": {"id": pipeline.model_id, **pipeline.model_scores},
        "source": source,
        "size": list(size),
        "options": _options(settings),
    }


def _options(settings: Settings) -> dict[str, Any]:
    """Return those that decide what is read."""
    sections = settings.model_dump(mode="json", include={"segment", "track", "lines"})
    places = settings.model_dump(mode="json", include={"region", "mask"}, exclude_defaults=True)
    return sections | places | {"min_confidence": settings.model.min_confidence}
