"""Every option camd has, with its default, unit and bounds: the one table behind config.toml,
the environment and the command line. A field's `description` is the comment beside it in
config.toml.
"""

import re
import unicodedata
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
    ValidationInfo,
    field_validator,
    model_validator,
)

from camd import address
from camd.config import home_units
from camd.geometry import area, crosses_itself, is_convex


class Hidden:
    """Marks an option that may hold a password: neither errors nor reprs say what it is set to."""


class Section(BaseModel):
    """A table of config.toml; a field's `description` is the comment beside it there."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False, allow_inf_nan=False)

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        for name, value in super().__repr_args__():
            marks = type(self).model_fields[name].metadata if name else []
            hidden = any(isinstance(mark, Hidden) for mark in marks)
            yield name, "***" if hidden else value


class _Live:
    """See LIVE."""


LIVE = _Live()
"""Marks an option that `request/set` can change while camd runs; see camd/config/live.py."""

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
            "must be top left, top right, bottom right and bottom left of something flat"
        )
    return points


def _expression(pattern: str) -> str:
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"is no regular expression: {error}") from error
    return pattern


def _own_address(text: str) -> str:
    """Take an address only: a name may stand for several, and no text at all for every one."""
    bare = "127.0.0.1" if text == "localhost" else re.sub(r"^\[(.*:.*)\]$", r"\1", text)
    try:
        address = ip_address(bare)
    except ValueError:
        address = None
    if not address or address.is_multicast or bare == "255.255.255.255":
        raise ValueError(
            "should be an IP address of this machine (127.0.0.1: only this machine can connect; "
            "0.0.0.0 or ::, everybody who can reach it; the port is an option of its own)"
        )
    return str(address)


def _address(text: str) -> str:
    try:
        return str(ip_address(text))
    except ValueError:
        raise ValueError("should be an IP address, such as 192.168.1.2") from None


def _file(path: Path) -> Path:
    if path.name in ("", ".."):
        raise ValueError("should name a file; leave it out for none")
    return path


def _device(text: str) -> str:
    if not address.looks_like(text):
        return text
    address.parse(text, address.CAMERA)
    return text.strip()


READ: Final = "read"
"""Of `RegionSettings.decimals`: the decimal point is looked for in the picture."""

Polygon = Annotated[Corners, Field(min_length=3, max_length=100), AfterValidator(_polygon)]
FourCorners = Annotated[Corners, Field(min_length=4, max_length=4), AfterValidator(_straightened)]
File = Annotated[Path, AfterValidator(_file)]
Device = Annotated[str, StringConstraints(min_length=1), AfterValidator(_device), Hidden()]
Host = Annotated[str, AfterValidator(address.check_host), Hidden()]
HostName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,253}$", to_lower=True)]
UrlPath = Annotated[str, StringConstraints(pattern=r"^/([A-Za-z0-9._~-]+/)*$", max_length=200)]


class RegionSettings(Section):
    """One `[[region]]`: where one number stands, and what it can be."""

    name: PlaceName = Field(
        examples=["meter"], description="of this region, in its topic: camd/<name>/region/meter"
    )
    polygon: Polygon | None = Field(
        None,
        examples=[((0.1, 0.2), (0.6, 0.2), (0.6, 0.4), (0.1, 0.4))],
        description="around the number, 3 to 100 points; x, y as shares of the frame, from 0 to 1",
    )
    corners: FourCorners | None = Field(
        None,
        validate_default=True,
        examples=[((0.1, 0.2), (0.6, 0.25), (0.6, 0.45), (0.1, 0.4))],
        description="instead: its four corners, clockwise from the top left; it is straightened",
    )
    label: str | None = Field(
        None,
        min_length=1,
        max_length=100,
        examples=["Water meter"],
        description="its name in Home Assistant; unset: from `name`",
    )
    unit: str | None = Field(
        None, min_length=1, max_length=20, examples=["m³"], description="of its value"
    )
    device_class: str | None = Field(
        None,
        validate_default=True,
        examples=["water"],
        description="what the value is, in Home Assistant's words; it takes certain units only",
    )
    state_class: home_units.StateClass | None = Field(
        None,
        validate_default=True,
        examples=["total_increasing"],
        description="whether it is measured or counted up; unset: after what else is said of it",
    )
    entity_category: Literal["diagnostic"] | None = Field(
        None,
        examples=["diagnostic"],
        description="diagnostic: Home Assistant lists it apart from what the device is for",
    )
    icon: Annotated[str, StringConstraints(pattern="^[a-z]+:[a-z0-9-]+$")] | None = Field(
        None, examples=["mdi:water"], description="its icon in Home Assistant"
    )
    display: Literal["auto", "handwriting", "print", "segments", "wheels"] = Field(
        "auto",
        description="how the number is shown; auto: whichever way it reads better",
    )
    digits: int | None = Field(
        None,
        ge=1,
        le=15,
        examples=[5],
        description="how many digits the number has; with more or fewer there is no value",
    )
    pattern: Annotated[str, AfterValidator(_expression)] | None = Field(
        None,
        max_length=200,
        examples=["[0-9]{5}"],
        description="regular expression that all of the text must match",
    )
    decimals: Annotated[int, Field(ge=0, le=15)] | Literal["read"] = Field(
        0,
        description="how many of the digits are behind the decimal point; "
        '"read": the point is looked for in the picture',
    )
    signed: bool = Field(
        False,
        description="a minus may stand before the number; else a number with one is unsure",
    )
    min: float | None = Field(None, examples=[0.0], description="smaller values are refused")
    max: float | None = Field(None, examples=[99999.0], description="greater values are refused")
    max_step: float | None = Field(
        None,
        gt=0,
        examples=[5.0],
        description="largest change from the last good value within step_s",
    )
    step_s: float = Field(
        60,
        ge=0,
        description="after twice this time twice the change is allowed, and so on; 0: never more",
    )
    never_decreasing: bool = Field(
        False, description="refuse values below the last good one: a meter never counts down"
    )
    rollover: float | None = Field(
        None,
        gt=0,
        examples=[100000.0],
        description="after the greatest value it begins anew: this, less one step, is the greatest",
    )
    accept_after_s: float = Field(
        0,
        ge=0,
        description="take a value all the same that was refused for so long; 0: never",
    )
    problem_after_s: float = Field(
        300, ge=0, description="without a good value for so long, it is a problem; 0: never"
    )
    max_shift: Share = Field(
        0.2,
        description="the camera may be nudged by this share of the frame: the region goes along; "
        "0: it stays",
    )
    rate_s: float = Field(
        3600, ge=1, le=31_536_000, description="rate: the change per hour, over so many seconds"
    )

    @field_validator("device_class")
    @classmethod
    def _class_of_home_assistant(cls, value: str | None, info: ValidationInfo) -> str | None:
        if "unit" in info.data and (wrong := home_units.problem(value, info.data["unit"])):
            raise ValueError(wrong)
        return value

    @field_validator("state_class")
    @classmethod
    def _state_of_home_assistant(
        cls, value: home_units.StateClass | None, info: ValidationInfo
    ) -> home_units.StateClass | None:
        if "device_class" in info.data and (
            wrong := home_units.state_problem(value, info.data["device_class"])
        ):
            raise ValueError(wrong)
        return value

    @field_validator("corners")
    @classmethod
    def _one_place(cls, corners: Corners | None, info: ValidationInfo) -> Corners | None:
        # A polygon with a mistake is missing in the data; that mistake is reported by itself.
        polygon = info.data.get("polygon", ())
        if corners is None and polygon is None:
            raise ValueError("a region needs a polygon or corners")
        if corners is not None and polygon is not None:
            raise ValueError("a region has a polygon or corners, not both")
        return corners

    @field_validator("rollover")
    @classmethod
    def _within_reach(cls, value: float | None, info: ValidationInfo) -> float | None:
        if value is None:
            return value
        if info.data.get("signed"):
            raise ValueError("contradicts signed: what begins anew has no minus")
        digits, decimals = info.data.get("digits"), info.data.get("decimals")
        if decimals == READ:  # a number without a point is the greatest
            decimals = 0
        if digits is not None and decimals is not None and value > 10.0 ** (digits - decimals):
            raise ValueError(
                f"contradicts digits = {digits} and decimals = {decimals}: such a number never "
                f"gets beyond {10.0 ** (digits - decimals):g}"
            )
        for name in ("max", "max_step"):
            other = info.data.get(name)
            if other is not None and other >= value:
                raise ValueError(f"contradicts {name} = {other:g}, which no value reaches")
        return value

    @field_validator("max")
    @classmethod
    def _above_min(cls, value: float | None, info: ValidationInfo) -> float | None:
        least = info.data.get("min")
        if value is not None and least is not None and value < least:
            raise ValueError(f"should not be less than min, {least:g}")
        return value


class MaskSettings(Section):
    """One `[[mask]]`: where nothing is read."""

    name: PlaceName = Field(examples=["clock"], description="shown in the overlay")
    polygon: Polygon = Field(
        examples=[((0.7, 0.0), (1.0, 0.0), (1.0, 0.1), (0.7, 0.1))],
        description="digits whose middle lies inside are not read",
    )


Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]

MOST_PREFIX_BYTES = 30_000
"""Bytes of UTF-8. A topic has at most 65,535 (MQTT 3.1.1, 1.5.3), and that of an announcement to
Home Assistant holds two prefixes."""


def _may_be_sent(letter: str) -> bool:
    """Tell whether MQTT allows the letter in a text (MQTT 3.1.1, 1.5.3): it allows no control
    characters and no "noncharacters" of Unicode."""
    code = ord(letter)
    no_character = 0xFDD0 <= code <= 0xFDEF or code & 0xFFFE == 0xFFFE
    return not no_character and unicodedata.category(letter) not in ("Cc", "Cs")


def _text(text: str) -> str:
    if not all(map(_may_be_sent, text)):  # paho would send it, and the broker end the connection
        raise ValueError("holds control characters, or codes that are no character: remove them")
    return text


def _topic(text: str) -> str:
    if not re.fullmatch(r"[^#+\s/]+(/[^#+\s/]+)*", text):
        raise ValueError("should be words with single slashes between them, without spaces, # or +")
    size = len(text.encode())
    if size > MOST_PREFIX_BYTES:
        raise ValueError(f"has {size} bytes of UTF-8, more than the {MOST_PREFIX_BYTES} allowed")
    return text


Text = Annotated[str, AfterValidator(_text)]
Topic = Annotated[Text, AfterValidator(_topic)]
MaybeTopic = Annotated[Text, AfterValidator(lambda text: _topic(text) if text else text)]


Automatic = Literal["auto"]


class ControlSettings(Section):
    """How a camera on this machine is set; what is unset stays as the camera has it."""

    exposure: Automatic | Annotated[int, Field(ge=0, le=2**31 - 1)] | None = Field(
        None, examples=[200], description="auto, or tenths of a millisecond with most cameras"
    )
    gain: Automatic | Annotated[int, Field(ge=-(2**31), le=2**31 - 1)] | None = Field(
        None,
        examples=[10],
        description="auto, or the camera's own number; see camd doctor",
    )
    focus: Automatic | Annotated[int, Field(ge=-(2**31), le=2**31 - 1)] | None = Field(
        None, examples=[30], description="auto, or the camera's own number"
    )
    white_balance: Automatic | Annotated[int, Field(ge=0, le=100_000)] | None = Field(
        None, examples=[4000], description="auto, or a colour temperature, kelvin"
    )
    power_line_hz: Literal[0, 50, 60] | None = Field(
        None, examples=[50], description="of the mains, against flicker of lamps; 0: off"
    )
    lock: bool = Field(
        False,
        description="once a region reads well, hold exposure, focus and white balance as they are",
    )


class CameraSettings(Section):
    device: Device = Field(
        "0",
        description="camera number or path, rtsp:// or http:// address, video, image, folder, demo",
    )
    width: int = Field(1280, ge=16, le=16384, description="width to ask the camera for, pixels")
    height: int = Field(720, ge=16, le=16384, description="height to ask the camera for, pixels")
    fps: float = Field(30, gt=0, le=1000, description="rate to ask the camera for, frames a second")
    fourcc: str = Field(
        "MJPG",
        pattern=r"^(.{4})?$",
        description="pixel format to ask the camera for; empty: the camera's own choice",
    )
    rotate: Literal[0, 90, 180, 270] = Field(
        0, description="turn the picture clockwise, by so many degrees"
    )
    mirror: bool = Field(False, description="then swap left and right, as a mirror does")
    max_age_ms: float = Field(
        500, gt=0, description="an older frame of a live camera is neither read nor published"
    )
    timeout_s: float = Field(
        10,
        ge=1,
        le=60,
        description="when a camera or stream sends nothing for so long, open it again",
    )
    frozen_s: float = Field(
        30,
        ge=0,
        le=3600,
        description="when the picture is exactly the same for so long, open it again; 0: never",
    )
    every_s: float = Field(
        0,
        ge=0,
        le=3600,
        description="read a frame only so often; 0: all, or of one picture a request one a second",
    )
    light_topic: MaybeTopic = Field(
        "",
        description="publish on there before a frame is read, and off after it; with every_s",
    )
    light_ms: float = Field(
        2000,
        ge=0,
        le=60_000,
        description="so long the light is on before that, for lamp and exposure to settle",
    )
    problem_after_s: float = Field(
        60, ge=0, description="without a picture for so long, it is a problem; 0: never"
    )
    retry_s: float = Field(
        30, ge=0.1, le=600, description="longest wait before the next try to open the camera"
    )
    controls: ControlSettings = Field(
        default_factory=ControlSettings, description="how a camera on this machine is set"
    )

    @field_validator("light_topic")
    @classmethod
    def _seldom(cls, value: str, info: ValidationInfo) -> str:
        if value and info.data.get("every_s") == 0:
            raise ValueError(
                "contradicts camera.every_s = 0: the light would never be off; say how often a "
                "frame is read"
            )
        return value

    @field_validator("light_ms")
    @classmethod
    def _shorter(cls, value: float, info: ValidationInfo) -> float:
        every_s = info.data.get("every_s")
        if info.data.get("light_topic") and every_s and value >= 1000 * every_s:
            raise ValueError(
                f"contradicts camera.every_s = {every_s:g}: the light would never be off"
            )
        return value

    @field_validator("every_s")
    @classmethod
    def _thawed(cls, value: float, info: ValidationInfo) -> float:
        frozen_s = info.data.get("frozen_s")
        if frozen_s and value >= frozen_s:
            raise ValueError(
                f"contradicts camera.frozen_s = {frozen_s:g}: two pictures that are the same would "
                "count as frozen; make that longer, or 0"
            )
        return value


class SegmentSettings(Section):
    polarity: Annotated[Literal["auto", "dark", "light"], LIVE] = Field(
        "auto", description="whether the ink is dark or light; auto: find out in each frame"
    )
    min_height: Annotated[int, LIVE] = Field(
        12, ge=4, le=4096, description="lower marks are not read, pixels"
    )
    max_height: Annotated[float, LIVE] = Field(
        0.9, gt=0, le=1, description="higher marks are not read, share of the frame's height"
    )
    max_glyphs: int = Field(
        600, ge=1, le=5000, description="most marks read in one frame; the highest are taken"
    )


class RestSettings(Section):
    after_s: float = Field(
        5,
        ge=0,
        le=3600,
        description="when nothing has moved for so long, read few frames: rest; 0: never rest",
    )
    look_ms: float = Field(
        1000,
        ge=10,
        le=60_000,
        description="at rest, time from one read frame to the next; any movement ends the rest",
    )


class ModelSettings(Section):
    file: File | None = Field(
        None,
        examples=["/path/to/digits.npz"],
        description="a model file; unset: the one that comes with camd",
    )
    min_confidence: Annotated[float, LIVE] = Field(
        0.5,
        ge=0,
        le=1,
        description="digits with less confidence are not published; a stable one still is, at 0.5 "
        "down to 0.25",
    )
    threads: int = Field(
        1, ge=1, le=64, description="processor threads for the arithmetic of one frame"
    )


class TrackSettings(Section):
    settle_ms: Annotated[float, LIVE] = Field(
        150,
        ge=0,
        le=60_000,
        description="a digit is stable when frames have agreed on it for so long",
    )
    settle_frames: Annotated[int, LIVE] = Field(
        3, ge=1, le=100, description="and at least so many of them"
    )
    settle_confidence: Annotated[float, LIVE] = Field(
        0.82, ge=0, le=1, description="and with at least this confidence on average"
    )
    forget_ms: Annotated[float, LIVE] = Field(
        300, ge=0, le=60_000, description="a digit not seen for so long is gone"
    )
    memory_ms: Annotated[float, LIVE] = Field(
        1500, gt=0, le=60_000, description="what a frame said counts for so long"
    )

    @model_validator(mode="after")
    def _hold_what_is_remembered(self) -> Self:
        if self.memory_ms < self.forget_ms:
            raise ValueError(
                f"track.forget_ms = {self.forget_ms:g} contradicts track.memory_ms = "
                f"{self.memory_ms:g}: a digit would be held for longer than anything is remembered"
            )
        return self


class LineSettings(Section):
    gap: Annotated[float, LIVE] = Field(
        1.5,
        gt=0,
        le=100,
        description="two numbers in a row are so many digit heights apart, or more",
    )


class MqttSettings(Section):
    broker: Literal["external", "embedded", "none"] = Field(
        "external", description="a broker at host:port, one inside camd, or no MQTT"
    )
    host: Host = Field("localhost", description="name or address of the broker")
    port: int = Field(1883, ge=1, le=65535, description="port of the broker; with tls usually 8883")
    username: Text | None = Field(
        None, examples=["camd"], description="at the broker; unset: no login"
    )
    password: SecretStr | None = Field(
        None, examples=["secret"], description="at the broker; safer: password_file"
    )
    password_file: File | None = Field(
        None, examples=["/etc/camd/mqtt.password"], description="its first line is the password"
    )
    protocol: Literal["3.1.1", "5"] = Field("3.1.1", description="version of MQTT")
    transport: Literal["tcp", "websockets"] = Field("tcp", description="what carries MQTT")
    websocket_path: Annotated[str, Hidden()] = Field(
        "/mqtt", pattern=r"^/\S*$", description="path at the broker, for websockets"
    )
    tls: bool = Field(False, description="encrypt, and check the broker's certificate")
    ca_file: File | None = Field(
        None,
        examples=["/etc/camd/ca.pem"],
        description="certificate authority to trust; unset: the system's",
    )
    cert_file: File | None = Field(
        None, examples=["/etc/camd/client.pem"], description="certificate to log in with, with tls"
    )
    key_file: File | None = Field(
        None,
        examples=["/etc/camd/client.key"],
        description="the key of cert_file; unset: it is in cert_file",
    )
    prefix: Topic = Field("camd", description="how each topic begins: prefix/name/...")
    client_id: Text | None = Field(
        None,
        examples=["camd-desk"],
        description="name as a client of the broker; unset: camd-<name>-<random>",
    )
    expire_s: int = Field(
        3600,
        ge=0,
        le=31_536_000,
        description="with protocol 5: readings that camd stopped renewing go so late; 0: never",
    )
    keepalive_s: int = Field(
        30, ge=5, le=3600, description="a dead connection is noticed within twice this time"
    )
    max_rate: Annotated[float, LIVE] = Field(
        10, gt=0, le=1000, description="most `digits` messages a second"
    )
    health_s: Annotated[float, LIVE] = Field(
        30, ge=1, le=3600, description="time from one `health` message to the next"
    )
    snapshot_s: Annotated[float, LIVE] = Field(
        1, ge=0.1, le=3600, description="least time between two `snapshot` messages"
    )
    outbox: Literal["memory", "disk"] = Field(
        "memory", description="where events wait for the broker; on disk they outlast a restart"
    )
    outbox_size: int = Field(
        1000, ge=1, le=1_000_000, description="most events that wait for the broker"
    )
    requests: bool = Field(False, description="obey requests over MQTT: pause, snapshot, set, ...")
    discovery: bool = Field(False, description="announce the camera to Home Assistant")
    discovery_prefix: Topic = Field(
        "homeassistant", description="Home Assistant's discovery prefix"
    )
    embedded_bind: Annotated[str, AfterValidator(_own_address)] = Field(
        "127.0.0.1",
        description="IP address where the embedded broker listens; it asks for no login",
    )


class OverlaySettings(Section):
    window: bool = Field(True, description="show a window if there is a display")
    snapshot_dir: Path = Field(Path(), description="the folder where the key s saves pictures")
    snapshot_quality: int = Field(85, ge=1, le=100, description="JPEG quality of snapshots")
    rejected: bool = Field(
        False, description="show details from the start (key d): rejected marks, tracks, times"
    )


class MetricsSettings(Section):
    file: File | None = Field(
        None,
        examples=["/var/lib/prometheus/node-exporter/camd.prom"],
        description="file for `health` as Prometheus text; unset: none",
    )


class WebSettings(Section):
    enabled: bool = Field(
        False, description='serve a page for browsers; needs the extra "web", see docs/page.md'
    )
    bind: Annotated[str, AfterValidator(_own_address)] = Field(
        "127.0.0.1",
        description="IP address where it listens; any but this machine's own needs a password",
    )
    port: int = Field(8711, ge=1, le=65535, description="port of the page")
    password: SecretStr | None = Field(
        None,
        examples=["secret"],
        description="of the page, or its hash by `camd config password`; safer: password_file",
    )
    password_file: File | None = Field(
        None,
        examples=["/etc/camd/web.password"],
        description="its first line is the password, or the hash",
    )
    hosts: tuple[HostName, ...] = Field(
        (),
        max_length=16,
        examples=[("camera.example.org",)],
        description="names by which browsers may call it, beside its addresses and its own name",
    )
    trusted_proxies: tuple[Annotated[str, AfterValidator(_address)], ...] = Field(
        (),
        max_length=16,
        examples=[("172.30.32.2",)],
        description="IP addresses of proxies that ask for a password themselves: they need none",
    )
    path: UrlPath = Field(
        "/",
        description="what a reverse proxy leaves before the path of each request, as /camd/",
    )
    history: bool = Field(
        True, description="keep what regions say for years, in the state directory, for its charts"
    )
    history_mb: int = Field(
        50, ge=1, le=10_000, description="most that this may take; the oldest values go first"
    )


class LearnSettings(Section):
    keep: bool = Field(
        False,
        description="keep pictures of digits that were unsure, to label them and learn from them",
    )
    most: int = Field(
        500, ge=20, le=10_000, description="pictures kept that nobody has labelled, 3 kB each"
    )
    max_error: float = Field(
        0.01,
        gt=0,
        le=0.2,
        description="share of wrong digits, of those published, that a learnt model may have",
    )


class LogSettings(Section):
    level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="log messages as serious as this, or more"
    )


class Settings(Section):
    name: Name = Field("camd", description="of this camera, in its topics: camd/<name>/...")
    profile: Literal["small"] | None = Field(
        None,
        examples=["small"],
        description="small: what suits a weak machine, where nothing else is set",
    )
    camera: CameraSettings = CameraSettings()
    rest: RestSettings = RestSettings()
    segment: SegmentSettings = SegmentSettings()
    model: ModelSettings = ModelSettings()
    track: TrackSettings = TrackSettings()
    lines: LineSettings = LineSettings()
    mqtt: MqttSettings = MqttSettings()
    overlay: OverlaySettings = OverlaySettings()
    metrics: MetricsSettings = MetricsSettings()
    web: WebSettings = WebSettings()
    learn: LearnSettings = LearnSettings()
    log: LogSettings = LogSettings()
    region: tuple[RegionSettings, ...] = Field((), max_length=64)
    mask: tuple[MaskSettings, ...] = Field((), max_length=64)
