"""PURE: the `health` payload as Prometheus text (exposition format 0.0.4)."""

from collections.abc import Iterator, Mapping
from typing import Any


def render(camera: str, payload: Mapping[str, Any]) -> str:
    """Return a line for each number of `payload`, named by its path: camd_frames_captured.

    Its tables of counts by reason become labels, its states 1 under their name."""
    own = f'camera="{camera}"'
    lines = [
        *_numbers("camd", payload, own, skip=("rejected", "camera", "messages", "stages_ms")),
        f'camd_camera_state{{{own},state="{payload["camera"]["state"]}"}} 1',
        *_table("camd_camera_failures", "reason", payload["camera"]["failures"], own),
        *_table("camd_rejected", "reason", payload["rejected"], own),
        *_table("camd_stage_ms", "stage", payload["stages_ms"], own),
        *_numbers("camd_messages", payload["messages"], own),
    ]
    return "\n".join(lines) + "\n"


def _numbers(
    name: str, values: Mapping[str, Any], own: str, skip: tuple[str, ...] = ()
) -> Iterator[str]:
    for key, value in values.items():
        if key in skip:
            continue
        if isinstance(value, Mapping):
            yield from _numbers(f"{name}_{key}", value, own)
        elif isinstance(value, (bool, int, float)):
            yield f"{name}_{key}{{{own}}} {float(value):g}"


def _table(name: str, label: str, values: Mapping[str, Any], own: str) -> Iterator[str]:
    for key, value in values.items():
        yield f'{name}{{{own},{label}="{key}"}} {float(value):g}'
