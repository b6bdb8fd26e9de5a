from pathlib import Path
from tempfile import TemporaryDirectory
from typing import get_args

import pytest
from hypothesis import example, given, settings

from camd.config import keys, layers
from camd.config import text as config_file
from camd.config.profiles import PROFILES
from camd.config.settings import Settings
from camd.errors import ConfigError
from camd.mqtt.endpoint import Endpoint
from tests.config import generated

AREA = "polygon = [[0, 0], [1, 0], [1, 1]]"


@pytest.fixture(autouse=True)
def no_files_of_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layers, "SYSTEM_FILE", tmp_path / "system.toml")
    monkeypatch.setattr(layers, "user_file", lambda: tmp_path / "user.toml")


def test_each_layer_goes_before_the_one_below(tmp_path: Path) -> None:
    given = tmp_path / "given.toml"
    env: dict[str, str] = {}
    overrides: dict[tuple[str, ...], object] = {}

    def host() -> str:
        file = given if given.exists() else None
        return layers.load(file, overrides, env).settings.mqtt.host

    assert host() == "localhost"
    (tmp_path / "system.toml").write_text('mqtt.host = "system"')
    assert host() == "system"
    (tmp_path / "user.toml").write_text('mqtt.host = "user"')
    assert host() == "user"
    given.write_text('mqtt.host = "given"')
    assert host() == "given"
    env["CAMD_MQTT__HOST"] = "environment"
    assert host() == "environment"
    overrides["mqtt", "host"] = "line"
    assert host() == "line"


def test_a_profile_sets_what_nothing_else_does(tmp_path: Path) -> None:
    file = tmp_path / "small.toml"
    file.write_text('profile = "small"\n[camera]\nfps = 3\n')
    config = layers.load(file, environ={"CAMD_MQTT__MAX_RATE": "7"})
    small = PROFILES["small"]
    settings = config.settings
    assert settings.segment.max_glyphs == small["segment", "max_glyphs"]
    assert settings.rest.look_ms == small["rest", "look_ms"] != Settings().rest.look_ms
    assert config.origins["rest", "look_ms"] == "profile small"
    assert (settings.camera.fps, settings.mqtt.max_rate) == (3, 7)
    assert layers.load(None, {("profile",): "small"}, {}).settings.rest == settings.rest
    assert layers.load(None, {}, {}).settings == Settings()


@pytest.mark.parametrize("wrong", ['profile = "tiny"', "profile = [1]", "profile = {a = 1}"])
def test_a_profile_that_is_none_is_named(tmp_path: Path, wrong: str) -> None:
    file = tmp_path / "wrong.toml"
    file.write_text(f"{wrong}\n[mqtt]\nport = 0\n")
    with pytest.raises(ConfigError) as caught:
        layers.load(file, environ={})
    assert "profile" in str(caught.value)
    assert "mqtt.port" in str(caught.value)


def test_what_stands_in_place_of_a_section_is_named_with_a_profile_too() -> None:
    with pytest.raises(ConfigError, match="camera: should be"):
        layers.load(None, {}, {"CAMD_CAMERA": "3", "CAMD_PROFILE": "small"})


def test_each_profile_is_an_option_and_can_be_used() -> None:
    assert set(PROFILES) == set(get_args(get_args(Settings.model_fields["profile"].annotation)[0]))
    known = {key for key, _ in keys.fields()}
    for name, values in PROFILES.items():
        assert values.keys() <= known
        assert layers.load(None, {("profile",): name}, {}).settings.profile == name


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        ("[camera]\ndevice = 0", 'write device = "0"'),
        ("[mqtt]\nusername = 5", 'write username = "5"'),
        ("[mqtt]\npassword = 5", 'write password = "..."'),
        ('[mqtt]\nport = "1883"', "write port = 1883"),
        ('[camera]\nfps = "29.97"', "write fps = 29.97"),
        ('[camera]\nrotate = "90"', "write rotate = 90"),
        ('[mqtt]\ntls = "yes"', "write tls = true"),
        ("[overlay]\nwindow = 0", "write window = false"),
        ('[regions]\nname = "a"', "did you mean [[region]]?"),
        ('[[regions]]\nname = "a"', "did you mean [[region]]?"),
        ('[masks]\nname = "a"', "did you mean [[mask]]?"),
        ('[mqqt]\nhost = "a"', "did you mean [mqtt]?"),
        (f'[region]\nname = "a"\n{AREA}', "write [[region]], with two brackets"),
        ('[[camera]]\ndevice = "0"', "write [camera] on a line of its own"),
        ('camera = "0"', "write [camera] on a line of its own"),
        ('device = "0"', "did you mean camera.device?"),
    ],
)
def test_a_slip_is_answered_with_what_to_write(tmp_path: Path, written: str, hint: str) -> None:
    file = tmp_path / "wrong.toml"
    file.write_text(written)
    with pytest.raises(ConfigError) as caught:
        layers.load(file, environ={})
    assert hint in str(caught.value)


@pytest.mark.parametrize(
    "written",
    ['[mqtt]\nport = "12.5"', '[mqtt]\nport = "many"', '[camera]\nrotate = "45"', "[foo]\nx = 1"],
)
def test_nothing_is_guessed_that_would_be_wrong(tmp_path: Path, written: str) -> None:
    file = tmp_path / "wrong.toml"
    file.write_text(written)
    with pytest.raises(ConfigError) as caught:
        layers.load(file, environ={})
    assert "write" not in str(caught.value)
    assert "did you mean" not in str(caught.value)


def test_layers_are_merged_key_by_key(tmp_path: Path) -> None:
    (tmp_path / "system.toml").write_text('[mqtt]\nhost = "h"\nport = 1\n')
    (tmp_path / "user.toml").write_text("[mqtt]\nport = 2\n")
    loaded = layers.load(environ={})
    assert (loaded.settings.mqtt.host, loaded.settings.mqtt.port) == ("h", 2)
    assert loaded.origins["mqtt", "port"] == str(tmp_path / "user.toml")


def test_every_mistake_is_named_at_once(tmp_path: Path) -> None:
    file = tmp_path / "wrong.toml"
    file.write_text(
        'name = "a b"\n[mqtt]\nhots = "x"\nport = "1883"\n[camera]\nfps = -1\n[foo]\nx = 1\n'
    )
    with pytest.raises(ConfigError) as caught:
        layers.load(file, environ={"CAMD_MQTT__KEEPALIVE_S": "soon"})
    text = str(caught.value)
    for part in ("name:", "mqtt.port:", "'1883'", "camera.fps:", "foo: unknown key", str(file)):
        assert part in text
    assert "mqtt.hots: unknown key; did you mean mqtt.host?" in text
    assert "mqtt.keepalive_s" in text
    assert "[CAMD_MQTT__KEEPALIVE_S]" in text
    assert caught.value.status == 78


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("CAMD_MQTT__PORT", "99", 99),
        ("CAMD_OVERLAY__WINDOW", "false", False),
        ("CAMD_MQTT__USERNAME", "1234", "1234"),
        ("CAMD_CAMERA__FPS", "12.5", 12.5),
        ("CAMD_MODEL__FILE", "/m.npz", Path("/m.npz")),
        ("CAMD_CAMERA__ROTATE", "90", 90),
    ],
)
def test_environment_takes_the_type_of_its_field(name: str, text: str, expected: object) -> None:
    value: object = layers.load(environ={name: text}).settings
    for part in name.removeprefix("CAMD_").lower().split("__"):
        value = getattr(value, part)
    assert value == expected


def test_a_password_is_never_shown(tmp_path: Path) -> None:
    loaded = layers.load(environ={"CAMD_MQTT__PASSWORD": "hunter2"})
    assert loaded.settings.mqtt.password is not None
    assert loaded.settings.mqtt.password.get_secret_value() == "hunter2"
    assert "hunter2" not in repr(loaded)
    assert "hunter2" not in config_file.effective(loaded)
    file = tmp_path / "c.toml"
    file.write_text("mqtt.password = 31337")
    with pytest.raises(ConfigError) as caught:
        layers.load(file, environ={})
    assert "31337" not in str(caught.value)


def test_credentials_of_a_stream_are_never_shown() -> None:
    loaded = layers.load(environ={"CAMD_CAMERA__DEVICE": "rtsp://me:hunter2@cam/1"})
    assert "hunter2" not in config_file.effective(loaded)


@pytest.mark.parametrize("content", [b"a = ", b"\xff\xfe", None])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "bad.toml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ConfigError, match=r"bad\.toml"):
        layers.load(file, environ={})


def test_the_written_defaults_are_the_defaults(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    uncommented = [
        line.removeprefix("# ") if " = " in line and not line.startswith("# (") else line
        for line in config_file.defaults().partition("# [[")[0].splitlines()
        if not line.startswith("# the environment")
    ]
    assert layers.load(environ={}).settings == layers.Settings()
    file.write_text(config_file.defaults())
    assert layers.load(file, environ={}).settings == layers.Settings()
    unset = {"file", "username", "password", "password_file", "ca_file", "client_id"}
    unset |= {"cert_file", "key_file", "profile"}
    unset |= {"exposure", "gain", "focus", "white_balance", "power_line_hz"}
    file.write_text("\n".join(line for line in uncommented if line.split(" = ")[0] not in unset))
    assert layers.load(file, environ={}).settings == layers.Settings()


def test_the_places_written_as_an_example_are_right(tmp_path: Path) -> None:
    _, _, places = config_file.defaults().partition("# [[")
    lines = ("# [[" + places).replace("# ", "", 1).replace("\n# ", "\n").splitlines()
    file = tmp_path / "config.toml"
    for other in ("corners = ", "polygon = "):
        file.write_text("\n".join(line for line in lines if not line.startswith(other)))
        if other == "corners = ":
            assert layers.load(file, environ={}).settings.region[0].name == "meter"
            assert layers.load(file, environ={}).settings.mask[0].name == "clock"
            continue
        with pytest.raises(ConfigError, match=r"^the configuration is wrong:\n  mask 1 \(clock\)"):
            layers.load(file, environ={})


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("polygon = [[0, 0], [1, 1], [1, 0], [0, 1]]", "polygon: its sides must not cross"),
        ("polygon = [[0, 0], [1, 1], [0.5, 0.5]]", "polygon: its sides must not cross or touch"),
        ("polygon = [[0, 0], [1, 0]]", "polygon: "),
        ("polygon = [[0, 0], [1, 0], [1, 1.5]]", "polygon.2.1: should be less than or equal to 1"),
        (f"{AREA}\ncorners = [[0, 0], [1, 0], [1, 1], [0, 1]]", "corners: .* not both"),
        ("corners = [[0, 0], [0, 1], [1, 1], [1, 0]]", "corners: must be top left"),
        ("digits = 5", "corners: a region needs a polygon or corners"),
        (f'{AREA}\npattern = "[0-9"', "pattern: is no regular expression"),
        (f"{AREA}\nmin = 2\nmax = 1", "max: should not be less than min, 2"),
        (f"{AREA}\nmax_step = 0", "max_step: should be greater than 0"),
        (f"{AREA}\nname = 'A b'", "name: should match"),
        (f"{AREA}\npolygons = 1", "unknown key; did you mean region.polygon"),
    ],
)
def test_a_wrong_region_is_named(tmp_path: Path, line: str, expected: str) -> None:
    file = tmp_path / "c.toml"
    name = "" if "name" in line else "name = 'meter'\n"
    file.write_text(f"[[region]]\n{name}{line}\n")
    with pytest.raises(ConfigError, match=f"region 1.*{expected}"):
        layers.load(file, environ={})


def test_every_mistake_of_every_region_is_named_at_once(tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text(
        f"[[region]]\nname = 'meter'\n{AREA}\nmin = 2\nmax = 1\ndigits = 0\n"
        f"[[region]]\nname = 'meter'\n{AREA}\n[[mask]]\nname = 'clock'\n[foo]\nx = 1\n"
    )
    with pytest.raises(ConfigError) as caught:
        layers.load(file, environ={})
    for part in (
        "region: 2 of them are named 'meter'",
        f"region 1 (meter).max: should not be less than min, 2, but it is 1  [{file}]",
        "region 1 (meter).digits: ",
        "mask 1 (clock).polygon: ",
        "foo: unknown key",
    ):
        assert part in str(caught.value)


def test_settings_in_force_load_again_as_the_same(tmp_path: Path) -> None:
    regions = '[{"name": "a", "polygon": [[0, 0], [1, 0], [1, 1]], "pattern": "[0-9]+"}]'
    env = {"CAMD_NAME": "desk", "CAMD_MQTT__TLS": "true", "CAMD_REGION": regions}
    first = layers.load(environ=env)
    file = tmp_path / "again.toml"
    assert first.settings.region[0].pattern == "[0-9]+"
    file.write_text(config_file.effective(first))
    assert layers.load(file, environ={}).settings == first.settings


def test_bytes_of_another_encoding_are_refused_unshown() -> None:
    for given_so in (
        {"environ": {"CAMD_CAMERA__DEVICE": "rtsp://u:secret\udc80@cam/"}},
        {"environ": {}, "overrides": {("camera", "device"): "rtsp://u:secret\udc80@cam/"}},
    ):
        with pytest.raises(ConfigError, match=r"camera\.device: must be UTF-8 text") as caught:
            layers.load(**given_so)  # type: ignore[arg-type]
        assert "secret" not in str(caught.value)
    assert layers.load(environ={"CAMD_\udc80": "1"}).settings == Settings()


def test_credentials_of_systemd_go_before_files_and_after_the_environment(tmp_path: Path) -> None:
    (tmp_path / "mqtt.password").write_text("secret\n")
    (tmp_path / "camera.device").write_text("rtsp://u:p@cam/1\n")
    file = tmp_path / "c.toml"
    file.write_text('[camera]\ndevice = "3"\n')
    handed = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    settings = layers.load(file, environ=handed).settings
    assert settings.camera.device == "rtsp://u:p@cam/1"
    assert settings.mqtt.password_file == tmp_path / "mqtt.password"
    assert (
        layers.load(file, environ=handed | {"CAMD_CAMERA__DEVICE": "7"}).settings.camera.device
        == "7"
    )
    for blank in ("camera.device", "mqtt.password"):  # the unit's, where there is none
        (tmp_path / blank).write_text("\n")
    file.write_text('[camera]\ndevice = "3"\n[mqtt]\nusername = "camd"\n')
    settings = layers.load(file, environ=handed).settings
    assert (settings.camera.device, settings.mqtt.password_file) == ("3", None)
    assert Endpoint.of(settings, "9f3c").password is None


@given(generated.files, generated.environments)
@settings(max_examples=150)
@example(b"a = " + b"[" * 300 + b"]" * 300, {})
@example(b"a = " + b"{a = " * 300 + b"1" + b"}" * 300, {})
@example(".".join("a" * 300).encode() + b" = 1", {})
@example(b"mqtt.port = " + b"9" * 5000, {})
@example(b"mqtt.port = 0x" + b"f" * 5000, {})
@example(b"", {"CAMD_" + "__".join("A" * 300): "1"})
@example(b"", {"CAMD_REGION": "[" * 300 + "]" * 300})
def test_whatever_is_given_there_is_a_configuration_or_one_error_that_says_what_is_wrong(
    content: bytes, environ: dict[str, str]
) -> None:
    with TemporaryDirectory() as directory:
        file = Path(directory, "c.toml")
        file.write_bytes(content)
        wrong = ""
        try:
            loaded = layers.load(file, environ=environ)
        except ConfigError as error:
            wrong = str(error)
        if wrong:
            assert len(wrong.splitlines()) > 1, wrong
            return
        # And what is accepted comes back from what is shown of it, but for what is hidden.
        file.write_text(config_file.effective(loaded), encoding="utf-8")
        again = layers.load(file, environ={}).settings
        settings = loaded.settings
        hidden = {"mqtt": settings.mqtt, "camera": settings.camera, "web": settings.web}
        assert again.model_copy(update=hidden) == settings


def test_a_fault_of_camds_own_leaves_the_configuration_wrong_and_nothing_worse(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def bug(*_: object, **__: object) -> None:
        raise ZeroDivisionError("hunter2")

    monkeypatch.setattr(Settings, "model_validate_json", bug)
    with pytest.raises(ConfigError, match="ZeroDivisionError") as caught:
        layers.load(environ={"CAMD_MQTT__PASSWORD": "hunter2"})
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('metrics.file = ""', "metrics.file: should name a file"),
        ('metrics.file = "/"', "metrics.file: should name a file"),
        ('metrics.file = "a\\u0000b"', "metrics.file: must not hold a NUL"),
        ('mqtt.ca_file = "a\\u0000b"', "mqtt.ca_file: must not hold a NUL"),
        ('mqtt.embedded_bind = "a\\u0000b"', "mqtt.embedded_bind: must not hold a NUL"),
        ('mqtt.embedded_bind = ""', "mqtt.embedded_bind: should be an IP address"),
        ('mqtt.host = "mqtt://h"', "mqtt.host: is no"),
        ('mqtt.host = "h:1883"', "mqtt.host: is no"),
        ('mqtt.websocket_path = "/a b"', "mqtt.websocket_path: should match"),
        ("region = [[[[[[[[[[1]]]]]]]]]]", "region: is nested too deep"),
        ("mqtt.port = 9223372036854775808", "mqtt.port: is too large a number"),
        ("mqtt.port = " + "9" * 5000, "holds a number with too many digits"),
        ("a = " + "[" * 900 + "]" * 900, "nested too deep"),
        ('camera.device = "rtsp://admin:a#b@cam/live"', "camera.device: holds a # before an @"),
        ('[[region]]\nname="a"\npattern = "x{99999999999999999999}"', "pattern: is no regular"),
    ],
)
def test_what_no_option_can_be_is_named(tmp_path: Path, line: str, says: str) -> None:
    file = tmp_path / "c.toml"
    file.write_text(line)
    with pytest.raises(ConfigError) as caught:
        layers.load(file, environ={})
    assert says in str(caught.value)
    assert str(file) in str(caught.value)


def test_a_whole_section_of_the_environment_is_merged_and_keeps_its_password(
    tmp_path: Path,
) -> None:
    file = tmp_path / "c.toml"
    file.write_text('[mqtt]\nhost = "h"\n')
    environ = {"CAMD_MQTT": '{"port": 99, "username": "u", "password": "hunter2"}'}
    mqtt = layers.load(file, environ=environ).settings.mqtt
    assert (mqtt.host, mqtt.port) == ("h", 99)
    assert mqtt.password is not None
    assert mqtt.password.get_secret_value() == "hunter2"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ('name = "desk"'.encode("utf-16"), "is UTF-16 text; save it as UTF-8"),
        ("name = 'käse'".encode("latin-1"), "is not UTF-8 text (a letter in line 1"),
        (b"\n\n# \xe4", "line 3"),
    ],
)
def test_another_encoding_is_named_with_the_file(tmp_path: Path, content: bytes, says: str) -> None:
    file = tmp_path / "c.toml"
    file.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        layers.load(file, environ={})
    assert f"{file}: " in str(caught.value)
    assert says in str(caught.value)


def test_files_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    file, credentials = tmp_path / "c.toml", {"camera.device": tmp_path / "camera.device"}
    file.write_text('name = "desk"\r\n', encoding="utf-8-sig")
    credentials["camera.device"].write_text("/home/me/my clip.mp4 \r\n", encoding="utf-8-sig")
    settings = layers.load(file, environ={}, credentials=credentials).settings
    assert (settings.name, settings.camera.device) == ("desk", "/home/me/my clip.mp4")
