import re
from collections.abc import Sequence

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from camd import address
from camd.address import BROKER, CAMERA, Address, AddressError

letters = st.text("abcdefghijklmnopqrstuvwxyz0123456789_-", min_size=1, max_size=9)
ipv6 = st.ip_addresses(v=6).map(str)
zoned = st.tuples(ipv6, st.text("abcxyz.-", min_size=1, max_size=5)).map("%".join)
hosts = (
    st.lists(letters, min_size=1, max_size=3).map(".".join)
    | st.ip_addresses(v=4).map(str)
    | ipv6
    | zoned
)
# What a password may hold, and above all what is special in an address.
secrets = st.text(
    st.sampled_from("#?/@:%[]&= +ä€") | st.characters(codec="utf-8", exclude_categories=["Cc"]),
    min_size=1,
    max_size=9,
)
paths = st.lists(st.text("abzAZ89._~!$&'()*+,;=:%-", max_size=6), max_size=3)
rests = st.tuples(
    paths.map(lambda parts: "".join(f"/{part}" for part in parts)),
    st.text("ab09=&/?.-", max_size=6).map(lambda text: f"?{text}" if text else ""),
).map("".join)


@st.composite
def addresses(
    draw: st.DrawFn, schemes: Sequence[str] = CAMERA + BROKER, *, passwords: bool = True
) -> Address:
    user = draw(st.none() | secrets)
    return Address(
        draw(st.sampled_from(schemes)),
        draw(hosts),
        draw(st.none() | st.integers(1, 65535)),
        user,
        draw(st.none() | secrets) if user is not None and passwords else None,
        draw(rests),
    )


@given(addresses())
def test_what_is_put_together_comes_apart_as_it_was(whole: Address) -> None:
    assert address.parse(whole.url(), CAMERA + BROKER) == whole
    assert address.parse(f"  {whole.url()}\n", CAMERA + BROKER) == whole


@given(addresses(), st.text(st.sampled_from("abc@:%!&= []"), min_size=1))
def test_a_password_is_taken_as_it_is_written_but_for_what_ends_a_host(
    whole: Address, password: str
) -> None:
    assume(not re.search("%[0-9a-fA-F]{2}", password))
    plain = whole.url().replace("://", f"://admin:{password}@", 1) if whole.user is None else ""
    assume(plain)
    found = address.parse(plain, CAMERA + BROKER)
    assert (found.user, found.password, found.host) == ("admin", password, whole.host)


@given(
    st.text(st.sampled_from("ab1@:#/?"), min_size=1).filter(lambda text: set(text) & set("#/?")),
    st.from_regex(r"(/[a-z]{0,5}){0,2}", fullmatch=True),
)
def test_what_ends_the_host_is_named_where_it_can_be_told_and_never_shown(
    password: str, rest: str
) -> None:
    text = f"rtsp://admin:{password}zZz@cam.lan{rest}"
    assert "zZz" not in address.redact(text)
    # A query that follows host and path may hold an @, and nobody can tell what was meant.
    if "#" in password or not re.match("(.*@)?[^@/]*/[^@]*[?]", password):
        with pytest.raises(AddressError, match="write / as %2F") as caught:
            address.parse(text, CAMERA)
        assert "zZz" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("RTSP://Cam.lan", Address("rtsp", "Cam.lan")),
        ("rtsp://[fe80::1%25eth0]:8554/x", Address("rtsp", "fe80::1%eth0", 8554, rest="/x")),
        ("rtsp://[fe80::1%eth0]/x", Address("rtsp", "fe80::1%eth0", rest="/x")),
        ("rtsp://[fe80::1%25be0]/", Address("rtsp", "fe80::1%be0", rest="/")),
        ("rtsp://a:b@c@cam/", Address("rtsp", "cam", None, "a", "b@c", "/")),
        ("rtsp://us%40er@cam", Address("rtsp", "cam", None, "us@er")),
        ("rtsp://a:100%@cam", Address("rtsp", "cam", None, "a", "100%")),
        ("rtsp://a:%FF@cam", Address("rtsp", "cam", None, "a", "\udcff")),
        ("rtsp://:pw@cam", Address("rtsp", "cam", None, "", "pw")),
        ("rtsp://@cam/", Address("rtsp", "cam", rest="/")),
        ("rtsp://käse.lan/ö x", Address("rtsp", "xn--kse-qla.lan", rest="/%C3%B6%20x")),
        ("http://cam:80/v?mail=a@b", Address("http", "cam", 80, rest="/v?mail=a@b")),
        ("http://cam/a@b", Address("http", "cam", rest="/a@b")),
        ("http://u:p@cam/v?m=a@b", Address("http", "cam", None, "u", "p", "/v?m=a@b")),
    ],
)
def test_addresses(text: str, expected: Address) -> None:
    assert address.parse(text, CAMERA) == expected
    assert address.parse(expected.url(), CAMERA) == expected


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("rtsp://admin:a#b@cam:9014/live", "holds a # before an @.*# as %23"),
        ("rtsp://admin:a/b@cam", "holds a / before an @.*/ as %2F"),
        ("rtsp://admin:a?b@cam", r"holds a \? before an @.*\? as %3F"),
        ("rtsp://admin:12/34@cam", "holds a / before"),
        ("rtsp://admin:a@b#c@cam/live", "holds a # before"),
        ("rtsp://to#ken@cam", "holds a # before"),
        ("rtsp:/u:secret@cam", "two slashes"),
        ("u:secret@cam", "two slashes"),
        ("rstp://u:secret@cam", "begins with rstp://; it should be one of rtsp://, "),
        ("rtsp://u:secret@ca\nm", "control character"),
        ("rtsp://u:secret%00@cam", "control character"),
        ("http://cam/x%0D%0AHost: secret", "control character"),
        ("rtsp://cam:secret/live", "an @ and the host must follow"),
        ("rtsp://cam:0", "host and port"),
        ("rtsp://admin:#secret", "host and port"),
        ("rtsp://cam:65536", "host and port"),
        ("rtsp://cam:٣", "host and port"),
        ("rtsp://fe80::1/", r"\[fe80::1\]"),
        ("rtsp://[fe80::1/", r"\[fe80::1\]"),
        ("rtsp://[secret::1]/", "no IPv6 address"),
        ("rtsp://[fe80::1%25]/", "no network interface"),
        ("http:///stream", "host and port"),
        ("rtsp://u:secret@a b/", "no name of a host"),
        ("rtsp://u:secret@%2F/", "no name of a host"),
        ("rtsp://u:secret@a..b/", "no name of a host"),
        (f"rtsp://u:secret@{'a' * 64}.b/", "no name of a host"),
    ],
)
def test_what_is_wrong_is_said_with_what_to_write(text: str, says: str) -> None:
    with pytest.raises(AddressError, match=says) as caught:
        address.parse(text, CAMERA)
    assert "secret" not in str(caught.value)
    assert "secret" not in address.redact(text)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        (" cam ", "cam"),
        ("[::1]", "::1"),
        ("fe80::1%eth0", "fe80::1%eth0"),
        ("192.0.2.7", "192.0.2.7"),
        ("mosquitto_1", "mosquitto_1"),
    ],
)
def test_hosts(host: str, expected: str) -> None:
    assert address.check_host(host) == expected


@pytest.mark.parametrize(
    "host", ["", " ", "a b", "mqtt://u:secret@h", "secret@h", "h:1883", "[::1]:1883", "h\0", "a..b"]
)
def test_what_is_no_host(host: str) -> None:
    with pytest.raises(AddressError) as caught:
        address.check_host(host)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("rtsp://host:554/live", "rtsp://host:554/live"),
        ("rtsp://user:pw@host/live", "rtsp://***@host/live"),
        ("http://pw@host/live", "http://***@host/live"),
        ("rtsp://user:p@w/x?y#z@host/live", "rtsp://***"),
        ("  rtsp://user:pw@host/live", "rtsp://***@host/live"),
        ("rtsp:/user:pw@host/live", "rtsp://***"),
        ("http://host/video.cgi?user=me&pwd=pw", "http://host/video.cgi?***"),
        ("rtsp://host/user=me&password=p/w&channel=1.sdp", "rtsp://host/user=***"),
        ("http://host/x#token=pw", "http://host/x#***"),
        ("user:pw@host/live", "***@host/live"),
        ('["http://user:pw"]', '["http://***'),
        ("us@er:p/w@host/live", "***@host/live"),
        ("//user:pw@host/live", "***@host/live"),
        ("/home/me@work/clip.mp4", "/home/me@work/clip.mp4"),
        ("rtsp://me:p@w/w@host/live", "rtsp://***"),
        ("http://me/p@host/live", "http://me/***@host/live"),
        ("/dev/video0", "/dev/video0"),
    ],
)
def test_credentials_are_not_shown(uri: str, shown: str) -> None:
    assert address.redact(uri) == shown


@given(
    st.sampled_from(["", " ", "\t"]),
    st.sampled_from([*CAMERA, "RTSP", "ftp", "rtsp+x", ""]),
    st.sampled_from(["://", ":/", ":///", "//", ":"]),
    st.text(st.sampled_from("ab1#?/@:%[]\\ \n"), max_size=6),
    st.text(st.sampled_from("ab1#?/@:%[]\\ \n"), max_size=6),
    st.sampled_from(["cam", "cam:554", "[::1]:554", ""]),
)
def test_no_spelling_of_an_address_shows_its_password(
    space: str, scheme: str, slashes: str, before: str, behind: str, host: str
) -> None:
    text = f"{space}{scheme}{slashes}user:{before}sesame{behind}@{host}/live"
    assert "sesame" not in address.redact(text)
