import base64
from pathlib import Path

import pytest

from camd.config.settings import WebSettings
from camd.errors import ConfigError
from camd.web import access
from camd.web.access import Access, secret

HASH = (  # of "horse", with few rounds
    "$argon2id$v=19$m=1024,t=1,p=1$AJLB2e0oDveYZ9V"
    "UEWkZzw$UbydXt8h2jKy+D6wVVIBkRoPOjn8HHuuioaawq2UYnA"
)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_password_is_a_text_or_a_hash_from_an_option_or_a_file(tmp_path: Path) -> None:
    file = tmp_path / "password"
    for given in ("horse", HASH):
        file.write_text(f"{given}\nmore\n")
        for settings in (WebSettings(password=given), WebSettings(password_file=file)):
            known = Access(settings, secret(settings))
            assert known.log_in("horse", "192.0.2.1")
            assert known.log_in("cow", "192.0.2.1") is None
    assert secret(WebSettings()) is None


@pytest.mark.parametrize("bind", ["0.0.0.0", "::", "192.168.1.9"])  # noqa: S104
def test_where_others_can_reach_it_a_password_is_needed(bind: str) -> None:
    with pytest.raises(ConfigError, match=r"web\.password_file"):
        secret(WebSettings(bind=bind))
    assert secret(WebSettings(bind=bind, password="horse"))
    assert secret(WebSettings(bind="::1")) is None


@pytest.mark.parametrize("wrong", ["", "$argon2id$", HASH[:20], HASH.replace("$m=", "$x=")])
def test_a_hash_that_is_none_is_refused_and_not_repeated(wrong: str) -> None:
    with pytest.raises(ConfigError) as raised:
        secret(WebSettings(password=wrong))
    assert not wrong or wrong not in str(raised.value)


@pytest.mark.parametrize(
    ("host", "answers"),
    [
        ("127.0.0.1:8711", True),
        ("localhost", True),
        ("[::1]:8711", True),
        ("192.168.1.9:8711", True),
        ("camera.example.org", True),
        ("CAMERA.example.org:443", True),
        ("evil.example", False),
        ("camera.example.org.evil.example", False),
        ("localhost.evil.example", False),
        ("", False),
        ("127.0.0.1@evil.example", False),
        ("evil.example/127.0.0.1", False),
        ("[::1", False),
        ("127.0.0.1:x", False),
    ],
)
def test_only_own_names_are_answered_to(host: str, answers: bool) -> None:
    known = Access(WebSettings(hosts=("camera.example.org",)), None)
    assert known.answers_to(host) == answers


@pytest.mark.parametrize(
    ("origin", "host", "own"),
    [
        (None, "127.0.0.1:8711", True),
        ("http://127.0.0.1:8711", "127.0.0.1:8711", True),
        ("https://camera.example.org", "127.0.0.1:8711", True),
        ("http://127.0.0.1:9000", "127.0.0.1:8711", False),
        ("http://evil.example", "127.0.0.1:8711", False),
        ("null", "127.0.0.1:8711", False),
        ("http://[", "127.0.0.1:8711", False),
        ("", "127.0.0.1:8711", False),
    ],
)
def test_changes_come_from_the_page_itself(origin: str | None, host: str, own: bool) -> None:
    known = Access(WebSettings(hosts=("camera.example.org",)), None)
    assert known.from_here(origin, host) == own


def test_who_guesses_wrong_waits_and_others_do_not() -> None:
    clock = Clock()
    known = Access(WebSettings(), HASH, clock)
    for place in range(access.GUESSES):
        assert known.wait_s("2001:db8::1") == 0
        assert known.log_in("cow", f"2001:db8::{place}") is None  # one house, many addresses
    assert known.wait_s("2001:db8::99") > 0
    assert known.wait_s("2001:db8:0:1::1") == 0
    assert known.wait_s("192.0.2.1") == 0
    clock.now += access.GUESSES_S + 1
    assert known.wait_s("2001:db8::99") == 0
    assert known.log_in("horse", "2001:db8::1")


def test_sessions_end_and_are_bounded() -> None:
    clock = Clock()
    known = Access(WebSettings(), HASH, clock)
    first = known.log_in("horse", "a")
    assert first
    assert known.token(first, "192.0.2.1")
    assert known.token("guess", "192.0.2.1") is None
    assert known.token(None, "192.0.2.1") is None
    known.log_out(first)
    assert known.token(first, "192.0.2.1") is None
    second = known.log_in("horse", "a")
    assert second
    clock.now += access.SESSION_S + 1
    assert known.token(second, "192.0.2.1") is None


def test_the_basic_header_holds_the_password_under_any_name() -> None:
    known = Access(WebSettings(), HASH)

    def header(text: str, kind: str = "Basic") -> str:
        return f"{kind} {base64.b64encode(text.encode()).decode()}"

    assert known.knows(header("prometheus:horse"), "a")
    assert known.knows(header("prometheus:horse"), "a")  # this time by its digest
    for wrong in (header(":cow"), header("horse"), header(":horse", "Bearer"), "Basic", "Basic é"):
        assert not known.knows(wrong, "b")
    for place in range(access.GUESSES):
        known.knows(header(f":{place}"), "c")
    assert not known.knows(header("other:horse"), "c")
    assert not Access(WebSettings(), None).knows(header(":horse"), "a")


def test_trusted_proxies_need_no_password_and_others_do() -> None:
    settings = WebSettings(bind="0.0.0.0", trusted_proxies=("172.30.32.2",))  # noqa: S104
    assert secret(settings) is None  # though others can reach it: they may do nothing
    known = Access(settings, None)
    assert known.token(None, "172.30.32.2")
    assert known.token(None, "172.30.32.3") is None
    assert known.closed_to("127.0.0.1")
    both = Access(settings, HASH)
    assert not both.closed_to("172.30.32.2")
    name = both.log_in("horse", "192.0.2.1")
    assert both.token(name, "192.0.2.1") != both.token(None, "172.30.32.2")


def test_a_trusted_proxy_is_an_address() -> None:
    with pytest.raises(ValueError, match="IP address"):
        WebSettings(trusted_proxies=("homeassistant",))
