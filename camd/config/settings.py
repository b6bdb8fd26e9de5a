"""Every option camd has, with its default, unit and bounds: the one table behind config.toml,
the environment and the command line. A field's `description` is the comment beside it in
config.toml."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, StringConstraints

from camd.place_settings import MaskSettings, RegionSettings
from camd.section import Section

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
