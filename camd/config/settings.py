"""Every option camd has, with its default, unit and bounds: the one table behind config.toml,
the environment and the command line. A field's `description` is the comment beside it in
config.toml.
"""

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
    ValidationInfo,
    field_validator,
)

from camd.geometry import area, crosses_itself, is_convex


class Section(BaseModel):
    """A table of config.toml; a field's `description` is the comment beside it there."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False, allow_inf_nan=False)


Share = Annotated[float, Field(ge=0, le=1)]
Corner = tuple[Share, Share]
Corners = tuple[Corner, ...]
PlaceName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-]{1,64}$")]


def _polygon(points: Corners) -> Corners:
    if crosses_itself(points):
        raise ValueError("its sides must not cross or touch one another")
    if area(points) == 0:
        raise ValueError("it has no area")
    return points


def _straightened(points: Corners) -> Corners:
    if not is_convex(points):
        raise ValueError(
            "must be top left, top right, bottom right and bottom left of one flat thing"
        )
    return points


def _expression(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"is no regular expression: {error}") from error
    return pattern


Polygon = Annotated[Corners, Field(min_length=3, max_length=100), AfterValidator(_polygon)]
FourCorners = Annotated[Corners, Field(min_length=4, max_length=4), AfterValidator(_straightened)]


class RegionSettings(Section):
    """One `[[region]]`: where one number stands, and what it can be."""

    name: PlaceName = Field(examples=["meter"], description="in topics: camd/<name>/region/meter")
    polygon: Polygon | None = Field(
        None,
        examples=[((0.1, 0.2), (0.6, 0.2), (0.6, 0.4), (0.1, 0.4))],
        description="digits centred in it; shares of the frame's width and height",
    )
    corners: FourCorners | None = Field(
        None,
        validate_default=True,
        examples=[((0.1, 0.2), (0.6, 0.25), (0.6, 0.45), (0.1, 0.4))],
        description="instead: of a flat thing, from its top left clockwise; straightened",
    )
    digits: int | None = Field(None, ge=1, le=15, examples=[5], description="so many, no other")
    pattern: Annotated[str, AfterValidator(_expression)] | None = Field(
        None,
        max_length=200,
        examples=["[0-9]{5}"],
        description="a regular expression for all of the text",
    )
    decimals: int = Field(0, ge=0, le=15, description="how many of the digits are decimals")
    min: float | None = Field(None, examples=[0.0], description="least value")
    max: float | None = Field(None, examples=[99999.0], description="greatest value")
    max_step: float | None = Field(
        None, gt=0, examples=[5.0], description="largest change from the last good value"
    )
    step_s: float = Field(
        60, ge=0, description="so much for each so many seconds since then; 0: however long"
    )
    never_decreasing: bool = Field(False, description="as a meter's, while camd runs")

    @field_validator("corners")
    @classmethod
    def _one_place(cls, corners: Corners | None, info: ValidationInfo) -> Corners | None:
        # A polygon that is wrong is not in the data; its own mistake is then named.
        polygon = info.data.get("polygon", ())
        if corners is None and polygon is None:
            raise ValueError("a region needs a polygon or corners")
        if corners is not None and polygon is not None:
            raise ValueError("a region has a polygon or corners, not both")
        return corners

    @field_validator("max")
    @classmethod
    def _above_min(cls, value: float | None, info: ValidationInfo) -> float | None:
        least = info.data.get("min")
        if value is not None and least is not None and value < least:
            raise ValueError(f"should not be less than min, {least:g}")
        return value


class MaskSettings(Section):
    """One `[[mask]]`: where nothing is read."""

    name: PlaceName = Field(examples=["clock"], description="as the overlay shows it")
    polygon: Polygon = Field(
        examples=[((0.7, 0.0), (1.0, 0.0), (1.0, 0.1), (0.7, 0.1))],
        description="digits centred in it are rejected as masked",
    )


Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


class CameraSettings(Section):
    device: str = Field(
        "0",
        min_length=1,
        description="camera number or path, rtsp:// or http:// address, video, image, folder, demo",
    )
    width: int = Field(1280, ge=16, le=16384, description="asked of a camera, pixels")
    height: int = Field(720, ge=16, le=16384, description="asked of a camera, pixels")
    fps: float = Field(30, gt=0, le=1000, description="asked of a camera, frames a second")
    fourcc: str = Field("MJPG", pattern=r"^(.{4})?$", description="pixel format; empty: its own")
    rotate: Literal[0, 90, 180, 270] = Field(0, description="clockwise, degrees")
    max_age_ms: float = Field(
        500, gt=0, description="a live frame older than this is not read, nor published"
    )
    timeout_s: float = Field(5, ge=1, le=60, description="a network stream or camera is given up")
    frozen_s: float = Field(
        30, ge=0, le=3600, description="a picture the same for so long is a dead camera's; 0: never"
    )
    retry_s: float = Field(30, ge=0.1, le=600, description="longest wait between two tries to open")


class SegmentSettings(Section):
    polarity: Literal["auto", "dark", "light"] = Field(
        "auto", description="ink: dark on light, light on dark, or found out a frame"
    )
    min_height: int = Field(12, ge=4, le=4096, description="least height of a digit, pixels")
    max_height: float = Field(0.9, gt=0, le=1, description="greatest height, share of the frame")
    max_glyphs: int = Field(300, ge=1, le=5000, description="a frame with more keeps the likeliest")


class RestSettings(Section):
    after_s: float = Field(
        5, ge=0, le=3600, description="nothing has moved for so long: read few frames; 0: never"
    )
    look_ms: float = Field(
        1000, ge=10, le=60_000, description="and yet one so often; a change is read at once"
    )


class ModelSettings(Section):
    file: Path | None = Field(
        None, examples=["/path/to/digits.npz"], description="unset: the model installed"
    )
    min_confidence: float = Field(0.5, ge=0, le=1, description="digits below are rejected")
    threads: int = Field(1, ge=1, le=64, description="threads that the arithmetic may use")


class TrackSettings(Section):
    settle_ms: float = Field(
        150, ge=0, le=60_000, description="agreeing votes for this long make a digit stable"
    )
    settle_frames: int = Field(3, ge=1, le=100, description="and at least this many frames")
    settle_confidence: float = Field(
        0.82, ge=0, le=1, description="and votes at least this confident in the mean"
    )
    forget_ms: float = Field(300, ge=0, le=60_000, description="a digit unseen for this long ends")
    memory_ms: float = Field(
        1500, gt=0, le=60_000, description="votes older than this count no more"
    )


class LineSettings(Section):
    gap: float = Field(
        1.5, gt=0, le=100, description="a gap this wide (digit heights) parts two numbers"
    )


class MqttSettings(Section):
    broker: Literal["external", "embedded", "none"] = Field(
        "external", description="a broker at host:port, one inside camd, or no MQTT"
    )
    host: str = Field("localhost", min_length=1, description="name or address of the broker")
    port: int = Field(1883, ge=1, le=65535, description="8883 is usual with tls")
    username: str | None = Field(None, examples=["camd"], description="unset: no login")
    password: SecretStr | None = Field(
        None, examples=["secret"], description="better: password_file"
    )
    password_file: Path | None = Field(
        None, examples=["/etc/camd/mqtt.password"], description="its first line is the password"
    )
    protocol: Literal["3.1.1", "5"] = Field("3.1.1", description="version of MQTT")
    transport: Literal["tcp", "websockets"] = Field("tcp", description="what MQTT travels in")
    websocket_path: str = Field("/mqtt", pattern="^/", description="of the broker, for websockets")
    tls: bool = Field(False, description="encrypt, and verify the broker's certificate")
    ca_file: Path | None = Field(
        None, examples=["/etc/camd/ca.pem"], description="own authority; unset: the system's"
    )
    cert_file: Path | None = Field(
        None, examples=["/etc/camd/client.pem"], description="certificate to log in with, with tls"
    )
    key_file: Path | None = Field(
        None, examples=["/etc/camd/client.key"], description="its key; unset: in cert_file"
    )
    prefix: str = Field(
        "camd", pattern=r"^[^#+\s/]+(/[^#+\s/]+)*$", description="topics are prefix/name/..."
    )
    client_id: str | None = Field(
        None, examples=["camd-desk"], description="unset: camd-<name>-<random>"
    )
    keepalive_s: int = Field(
        30, ge=5, le=3600, description="a dead connection shows within twice this"
    )
    max_rate: float = Field(10, gt=0, le=1000, description="most `digits` messages a second")
    health_s: float = Field(
        30, ge=1, le=3600, description="a `health` message every so many seconds"
    )
    snapshot_s: float = Field(
        1, ge=0.1, le=3600, description="least time between two `snapshot` messages"
    )
    outbox: Literal["memory", "disk"] = Field(
        "memory", description="where events wait for a broker; disk: over restarts too"
    )
    outbox_size: int = Field(
        1000, ge=1, le=1_000_000, description="events kept while no broker answers"
    )
    requests: bool = Field(False, description="obey requests: pause, snapshot, set, ...")
    discovery: bool = Field(False, description="announce the camera to Home Assistant")
    discovery_prefix: str = Field(
        "homeassistant", pattern=r"^[^#+\s/]+(/[^#+\s/]+)*$", description="as set in Home Assistant"
    )
    embedded_bind: str = Field("127.0.0.1", description="address the embedded broker listens on")


class OverlaySettings(Section):
    window: bool = Field(True, description="show a window where there is a display")
    snapshot_dir: Path = Field(Path(), description="where the key s saves pictures")
    snapshot_quality: int = Field(85, ge=1, le=100, description="JPEG quality of snapshots")
    rejected: bool = Field(False, description="start with rejected contours shown (key d)")


class MetricsSettings(Section):
    file: Path | None = Field(
        None,
        examples=["/var/lib/prometheus/node-exporter/camd.prom"],
        description="`health` as Prometheus text; unset: none",
    )


class LogSettings(Section):
    level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="least serious message that is logged"
    )


class Settings(Section):
    name: Name = Field("camd", description="of this camera, in topics: camd/<name>/...")
    camera: CameraSettings = CameraSettings()
    rest: RestSettings = RestSettings()
    segment: SegmentSettings = SegmentSettings()
    model: ModelSettings = ModelSettings()
    track: TrackSettings = TrackSettings()
    lines: LineSettings = LineSettings()
    mqtt: MqttSettings = MqttSettings()
    overlay: OverlaySettings = OverlaySettings()
    metrics: MetricsSettings = MetricsSettings()
    log: LogSettings = LogSettings()
    region: tuple[RegionSettings, ...] = Field((), max_length=64)
    mask: tuple[MaskSettings, ...] = Field((), max_length=64)
