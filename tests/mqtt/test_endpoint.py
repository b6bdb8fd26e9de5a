import subprocess
from pathlib import Path

import pytest

from camd.config.settings import MqttSettings, Settings
from camd.errors import ConfigError
from camd.mqtt.endpoint import Endpoint
from tests.mqtt.certificates import Authority

SECRET = "correct horse"


def endpoint(**options: object) -> Endpoint:
    mqtt = MqttSettings.model_validate({"username": "camd"} | options)
    return Endpoint.of(Settings(name="desk", mqtt=mqtt), "9f3c")


def test_the_first_line_of_the_file_is_the_password(tmp_path: Path) -> None:
    path = tmp_path / "password"
    for mark in (b"", b"\xef\xbb\xbf"):  # as Windows' editors begin a file
        path.write_bytes(mark + f"{SECRET}\r\nmore\n".encode())
        assert endpoint(password_file=path).password == SECRET


def test_a_password_given_directly_comes_before_the_file() -> None:
    assert endpoint(password=SECRET, password_file="/nonexistent").password == SECRET


def test_shows_no_password() -> None:
    assert SECRET not in repr(endpoint(password=SECRET))


def test_shows_no_token_of_a_websocket() -> None:
    for path in ("/mqtt?token=abc123", "/mqtt/token=abc123"):
        shown = endpoint(transport="websockets", websocket_path=path).address
        assert ":1883/mqtt" in shown
        assert "abc123" not in shown


def test_clients_are_told_apart_by_name_and_run() -> None:
    assert endpoint().client_id == "camd-desk-9f3c"
    assert endpoint(client_id="mine").client_id == "mine"


def test_the_embedded_broker_gets_no_login_and_no_tls() -> None:
    plain = endpoint(broker="embedded", password=SECRET, tls=True, ca_file="/nonexistent")
    assert (plain.username, plain.password, plain.tls) == (None, None, None)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"password_file": "/nonexistent/password"}, "/nonexistent/password"),
        ({"tls": True, "ca_file": "/nonexistent/ca.pem"}, "/nonexistent/ca.pem"),
        ({"username": None, "password": SECRET}, "mqtt.username"),
        ({"password": "\udcff" + SECRET}, "password"),
        ({"password": SECRET * 6000}, "password"),
    ],
)
def test_wrong_settings_say_what_is_wrong(options: dict[str, object], named: str) -> None:
    with pytest.raises(ConfigError, match=named) as caught:
        endpoint(**options)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "first line of .* is empty"),
        (b"\nlater\n", "first line of .* is empty"),
        (b"\xef\xbb\xbf\n", "first line of .* is empty"),
        (SECRET.encode("utf-16"), "is UTF-16 text; save it as UTF-8"),
        ("Käse".encode("latin-1"), "is not UTF-8 text .* save it as UTF-8"),
    ],
)
def test_a_file_without_a_password_is_refused(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "password"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=rf"mqtt\.password_file: .*{says}") as caught:
        endpoint(password_file=path)
    assert str(path) in str(caught.value)


def test_a_client_certificate_that_cannot_be_used_is_refused(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    one, other = authority.issue("one"), authority.issue("other")
    wrong = [(one, other.with_suffix(".key")), (tmp_path / "absent", None), (authority.ca, None)]
    for cert, key in wrong:
        with pytest.raises(ConfigError, match=r"mqtt\.cert_file"):
            endpoint(tls=True, cert_file=cert, key_file=key)
    encrypted = tmp_path / "encrypted.key"
    lock = ["openssl", "pkey", "-aes256", "-passout", "pass:x", "-in", one.with_suffix(".key")]
    subprocess.run([*lock, "-out", encrypted], check=True)
    with pytest.raises(ConfigError, match="encrypted"):
        endpoint(tls=True, cert_file=one, key_file=encrypted)


def test_a_file_without_certificates_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ca.pem"
    path.write_text("not a certificate")
    with pytest.raises(ConfigError, match=r"mqtt\.ca_file"):
        endpoint(tls=True, ca_file=path)
