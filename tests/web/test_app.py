"""The page's server, asked over real sockets."""

import base64
import re
import socket
import threading
import time
from email.parser import BytesParser
from typing import Any

import jsonschema
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from prometheus_client.parser import text_string_to_metric_families

from camd.config.settings import RegionSettings
from camd.errors import ConfigError
from camd.values import RegionReading, Result
from camd.web import app
from camd.web.access import GUESSES
from camd.web.feed import Feed
from camd.web.guard import POLICY
from testing.scenes import frame, result
from tests.web.serving import PASSWORD, Client, serving, settings, state, until

CORNERS = ((0.1, 0.2), (0.6, 0.2), (0.6, 0.4), (0.1, 0.4))


def feed(regions: tuple[RegionReading, ...] = ()) -> Feed:
    """A camera that has just given a picture."""
    places = tuple(RegionSettings(name=one.name, corners=CORNERS, unit="m³") for one in regions)
    fed = Feed(settings(region=places), "a1b2c3d4")
    scene = result(changed=True, text="1947")
    fed.show(frame(clock=time.monotonic() + 1000), Result(**{**_fields(scene), "regions": regions}))
    fed.state = state(time.monotonic(), camera="open", broker="connected")
    return fed


def _fields(value: Result) -> dict[str, Any]:
    return {name: getattr(value, name) for name in Result.__slots__}


def checked(client: Client, path: str, status: int = 200) -> Any:
    """Ask for `path`, and hold the answer against the document of the API."""
    document = client.ask("/api/openapi.json").json
    answer = client.ask(path)
    assert answer.status == status, answer.body
    described = document["paths"][path]["get"]["responses"][str(status)]["content"]
    kind = answer.headers["content-type"].partition(";")[0]
    assert kind in described
    if kind == "application/json":
        schema = {**described[kind]["schema"], "components": document["components"]}
        jsonschema.validate(answer.json, schema, format_checker=jsonschema.FormatChecker())
        return answer.json
    return answer.body


def test_the_document_of_the_api_is_openapi_3_1() -> None:
    with serving() as client:
        document = client.ask("/api/openapi.json").json
    assert document["openapi"].startswith("3.1")
    OpenAPIV31SpecValidator(document).validate()


def test_the_api_answers_as_its_document_says() -> None:
    meter = RegionReading("meter", "ok", 19.47, "01947", 0.9876)
    gas = RegionReading("gas_meter", "count", None, "123", 0.9)
    with serving(feed((meter, gas))) as client:
        said = checked(client, "/api/readings")
        assert (said["text"], said["live"], said["camera"]) == ("1947", True, "desk")
        regions = checked(client, "/api/regions")["regions"]
        assert [(one["label"], one["value"], one["unit"]) for one in regions] == [
            ("Meter", 19.47, "m³"),
            ("Gas meter", None, "m³"),
        ]
        assert [one["why"] for one in regions] == ["", "too many or too few digits"]
        health = checked(client, "/api/health")
        assert (health["broker"], health["frames"]["captured"]) == ("connected", 31)
        assert checked(client, "/api/snapshot.jpg").startswith(b"\xff\xd8")


def test_before_the_first_picture_there_is_none() -> None:
    with serving() as client:
        for path in ("/api/health", "/api/snapshot.jpg", "/metrics"):
            assert client.ask(path).status == 503
        assert checked(client, "/api/snapshot.jpg", 503)["error"]
        said = checked(client, "/api/readings")
        assert (said["live"], said["at"], said["text"]) == (False, None, "")


def test_an_old_picture_is_not_shown_as_if_it_were_live() -> None:
    fed = feed()
    fed.show(frame(clock=time.monotonic() - 60), result())
    fed.state = state(time.monotonic(), camera="missing")
    with serving(fed) as client:
        assert client.ask("/api/snapshot.jpg").status == 503
        assert client.ask("/api/readings").json["live"] is False


def test_the_metrics_are_text_for_prometheus() -> None:
    with serving(feed()) as client:
        answer = client.ask("/metrics")
    found = {one.name: one for one in text_string_to_metric_families(answer.body.decode())}
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    captured = found["camd_frames_captured"]
    assert (captured.type, captured.samples[0].value) == ("counter", 31)
    assert captured.samples[0].labels == {"camera": "desk"}
    assert all(one.documentation for one in found.values())


def test_a_picture_comes_with_the_marks_of_its_own_frame() -> None:
    fed = feed()
    with serving(fed) as client:
        answer = client.ask("/page/picture?width=600")
        head = f"content-type: {answer.headers['content-type']}\r\n\r\n".encode()
        marks, picture = BytesParser().parsebytes(head + answer.body).get_payload()
        assert picture.get_payload(decode=True).startswith(b"\xff\xd8")
        assert '"digit":7' in marks.get_payload()
        label = re.search(r'"label":"([^"]*)"', marks.get_payload())
        assert label
        # The next one is waited for.
        path = f"/page/picture?width=600&after={label[1]}"

        def show() -> None:
            until(lambda: fed.wake is not None, "somebody waits")
            fed.show(frame(2, clock=time.monotonic() + 1000), result())

        later = threading.Thread(target=show)
        later.start()
        assert b'"number":2' in client.ask(path).body
        later.join()


def lines(client: Client) -> Any:
    """Yield the lines of the events."""
    with socket.create_connection(("127.0.0.1", client.port), timeout=60) as stream:
        stream.sendall(b"GET /page/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        for line in stream.makefile("rb"):
            yield line.decode()


def test_events_say_what_changes() -> None:
    fed = feed()
    with serving(fed) as client:
        heard = lines(client)
        first = next(line for line in heard if line.startswith("data: {"))
        assert '"lines":["1947"]' in first
        fed.show(frame(2, clock=time.monotonic()), result(text="28"))
        assert '"lines":["28"]' in next(line for line in heard if line.startswith("data: {"))


def test_no_more_browsers_are_told_than_it_can_bear(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "MOST_STREAMS", 2)
    with serving(feed()) as client:
        open_ones = [lines(client), lines(client)]
        for one in open_ones:
            next(one)
        assert client.ask("/page/events").status == 503
        for one in open_ones:
            one.close()
        until(lambda: "200" in next(lines(client)), "a place is free again")


def test_every_answer_tells_the_browser_what_it_must_not_do() -> None:
    with serving(feed()) as client:
        for path in ("/", "/static/page.css", "/api/readings", "/nowhere", "/static/nothing.js"):
            headers = client.ask(path).headers
            assert headers["content-security-policy"] == POLICY
            assert headers["x-content-type-options"] == "nosniff"
            assert "access-control-allow-origin" not in headers
        assert client.ask("/static/main.js").headers["content-type"].startswith("text/javascript")
        assert client.ask("/static/../app.py").status == 404
        assert client.ask("/static/%2e%2e/app.py").status == 404


def test_the_page_asks_for_nothing_from_elsewhere_and_is_small() -> None:
    files = [path for path in app.STATIC.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 200_000
    for path in files:
        text = path.read_text().replace("http://www.w3.org/", "")
        text = text.removeprefix("/*! https://github.com/leeoniya/uPlot")  # where it comes from
        assert "://" not in text, path
        assert "style=" not in text or path.suffix != ".html", path


def test_without_a_password_a_change_needs_the_token_of_the_page() -> None:
    with serving(feed()) as client:
        token = client.ask("/session").json["token"]
        assert client.ask("/api/readings").status == 200
        assert client.ask("/api/readings", {}).status == 403
        assert client.ask("/api/readings", {}, x_camd_token=token).status == 405
        own = f"http://127.0.0.1:{client.port}"
        assert client.ask("/api/readings", {}, x_camd_token=token, origin=own).status == 405
        foreign = client.ask("/api/readings", {}, x_camd_token=token, origin="http://evil.example")
        assert foreign.status == 403
        assert client.ask("/", host="evil.example").status == 421


def test_with_a_password_nothing_is_told_before_it() -> None:
    with serving(feed(), password=PASSWORD) as client:
        assert client.ask("/session").json == {"closed": True, "token": None}
        open_to_all = {"/", "/static/main.js"}
        for path in (*open_to_all, "/api/readings", "/metrics", "/page/picture", "/page/events"):
            assert client.ask(path).status == (200 if path in open_to_all else 401), path
        wrong = client.log_in("cow")
        assert (wrong.status, wrong.json["error"]) == (401, "this is not the password")
        answer = client.log_in()
        cookie = answer.headers["set-cookie"].lower()
        assert {"httponly", "samesite=strict"} <= set(cookie.split("; "))
        assert "path=" not in cookie
        assert client.ask("/api/readings").status == 200
        assert client.ask("/api/readings", {}, x_camd_token="guess").status == 403
        basic = base64.b64encode(f"any:{PASSWORD}".encode()).decode()
        assert Client(client.port).ask("/metrics", authorization=f"Basic {basic}").status == 200
        assert client.ask("/session", {}, method="DELETE").status == 200
        assert client.ask("/api/readings").status == 401


def test_who_guesses_passwords_has_to_wait() -> None:
    with serving(password=PASSWORD) as client:
        for _ in range(GUESSES):
            assert client.log_in("cow").status == 401
        late = client.log_in()
        assert late.status == 429
        assert 0 < int(late.headers["retry-after"]) <= 61


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"[1]", "application/json", 400),
        (b"{", "application/json", 400),
        (b"[" * 60_000, "application/json", 400),
        (b"\xff", "application/json", 400),
        (b'{"password": 5}', "application/json", 401),
        (b'"' + b"a" * 70_000 + b'"', "application/json", 413),
        (b"password=x", "application/x-www-form-urlencoded", 415),
    ],
)
def test_a_login_that_is_no_login_is_refused(body: bytes, kind: str, status: int) -> None:
    with serving(password=PASSWORD) as client:
        head = (
            f"POST /session HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        with socket.create_connection(("127.0.0.1", client.port), timeout=60) as stream:
            stream.sendall(head.encode() + body)
            assert f" {status} " in stream.makefile("rb").readline().decode()


def test_it_works_under_a_path_whether_the_proxy_takes_it_away_or_not() -> None:
    with serving(feed(), path="/camd/") as client:
        for path in ("/camd/", "/", "/camd/static/main.js", "/camd/api/readings"):
            assert client.ask(path).status == 200, path


def test_a_port_that_is_taken_is_said_in_words() -> None:
    with (
        serving() as client,
        pytest.raises(ConfigError, match=r"set web\.port"),
        serving(port=client.port),
    ):
        pass


def test_who_guesses_many_times_at_once_has_no_more_guesses() -> None:
    with serving(password=PASSWORD) as client:
        statuses: list[int] = []
        guess = lambda: statuses.append(client.log_in("cow").status)  # noqa: E731
        guessers = [threading.Thread(target=guess) for _ in range(4 * GUESSES)]
        for one in guessers:
            one.start()
        for one in guessers:
            one.join()
        assert statuses.count(401) == GUESSES
        assert statuses.count(429) == 3 * GUESSES


def test_through_a_trusted_proxy_nobody_logs_in_and_its_word_is_not_believed() -> None:
    with serving(trusted_proxies=("127.0.0.2",)) as client:
        for forged in ({}, {"X_Forwarded_For": "127.0.0.2"}, {"authorization": "Basic eDp5"}):
            assert client.ask("/api/regions", **forged).status == 401
        assert client.ask("/session").json == {"closed": True, "token": None}
        assert client.ask("/session", {"password": PASSWORD}).status == 400
        client.source = "127.0.0.2"
        name = {"host": "home.example"}  # of whatever name Home Assistant has
        assert client.ask("/api/regions", **name).status == 200
        found = client.ask("/session", **name).json
        assert not found["closed"]
        change = {"method": "POST", **name}
        assert client.ask("/api/region/forget", {"region": "x"}, **change).status == 403
        client.headers["x-camd-token"] = found["token"]
        assert client.ask("/api/region/forget", {"region": "x"}, **change).status not in (401, 403)
        foreign = {**change, "origin": "https://evil.example"}
        assert client.ask("/api/region/forget", {"region": "x"}, **foreign).status == 403
