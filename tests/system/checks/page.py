"""The page inside the sandbox: it is served, logs in with the credential, keeps a history in the
state directory, starts to learn, and tells what the service may not write."""

import json
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from checks.guest import run, until
from checks.install import camd
from checks.sandbox import CONFIG, DENIED, MOST_EXPOSED

PORT = 8711
PASSWORD = Path("/etc/camd/web.password")
STATE = Path("/var/lib/private/camd")
PAGE = f"""{CONFIG}
[camera]
timeout_s = 60
[web]
enabled = true
[learn]
keep = true
[[region]]
name = "sheet"
polygon = [[0, 0], [0.1, 0], [0.1, 0.1], [0, 0.1]]
"""
"""The region is empty: an emulated processor takes half a minute for a frame in which one is hard
to read."""
DROP_IN = Path("/etc/systemd/system/camd.service.d/page.conf")
PATIENT = "[Service]\nWatchdogSec=600\n"
WHOLE = [[0.1, 0.1], [0.9, 0.1], [0.9, 0.9], [0.1, 0.9]]


@dataclass(frozen=True)
class Answer:
    status: int
    cookie: str
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Browser:
    def __init__(self) -> None:
        self._headers: dict[str, str] = {}

    def ask(self, path: str, data: object = None) -> Answer:
        """Send a request: a POST where there are `data`."""
        connection = HTTPConnection("localhost", PORT, timeout=120)
        try:
            if data is None:
                connection.request("GET", path, headers=self._headers)
            else:
                kind = {"content-type": "application/json"}
                connection.request("POST", path, json.dumps(data), self._headers | kind)
            response = connection.getresponse()
            cookie = response.getheader("set-cookie", "").partition(";")[0]
            return Answer(response.status, cookie, response.read())
        finally:
            connection.close()

    def log_in(self, password: str) -> None:
        answer = self.ask("/session", {"password": password})
        assert answer.status == 200, answer.body
        self._headers = {"cookie": answer.cookie, "x-camd-token": answer.json["token"]}


browser = Browser()


def served_in_the_sandbox() -> str:
    """With the password from the credential, and a history in the state directory."""
    PASSWORD.write_text("correct horse\n")
    PASSWORD.chmod(0o600)
    camd.configure(PAGE)
    DROP_IN.write_text(PATIENT)
    run("systemctl", "daemon-reload")
    after = camd.mark()
    run("systemctl", "restart", "camd")
    camd.status("camera open", "broker connected")
    camd.says("page: http://127.0.0.1:8711/", after)
    assert b"<title>" in browser.ask("/").body
    assert browser.ask("/api/regions").status == 401
    browser.log_in("correct horse")
    until(
        lambda: browser.ask("/api/regions").json["regions"][0]["status"] != "unseen",
        "a region that says something",
        lambda: browser.ask("/api/regions").body,
    )
    assert b"\xff\xd8" in until(lambda: browser.ask("/page/picture").body, "a picture")
    assert b"camd_frames_captured_total" in browser.ask("/metrics").body
    until(
        lambda: browser.ask("/api/history?region=sheet&step=0").json["points"],
        "a history",
        lambda: camd.journal(after)[-2000:],
    )
    assert (STATE / "camd.history.sqlite").exists()
    said = camd.journal(after)
    assert not any(word in said for word in DENIED), said
    last = run("systemd-analyze", "security", "--no-pager", "camd.service").splitlines()[-1]
    assert float(last.split(":")[1].split()[0]) <= MOST_EXPOSED, last
    memory = int(camd.get("MemoryCurrent")) / 2**20
    return f"page, session, picture, metrics, history; {memory:.0f} MiB; {last.lstrip('→ ')}"


def what_it_may_not_write_is_told() -> str:
    """/etc is read-only for the service: the page says what to write there."""
    version = browser.ask("/page/setup").json["version"]
    shape = {"kind": "corners", "name": "other", "points": WHOLE, "was": "", "version": version}
    answer = browser.ask("/page/setup/save", shape)
    assert answer.status == 422, answer.body
    assert 'name = "other"' in answer.json["lines"], answer.body
    assert camd.config.read_text() == PAGE
    return str(answer.json["error"])


def learning_is_a_process_of_its_own() -> str:
    """It runs in the sandbox, too; here it ends at once, as nobody has labelled anything."""
    try:
        answer = browser.ask("/page/learn/start", {})
        assert answer.status == 200, answer.body
        until(
            lambda: not browser.ask("/page/learn").json["job"]["running"],
            "the end of learning",
            lambda: browser.ask("/page/learn").body[-500:],
        )
        job = browser.ask("/page/learn").json["job"]
        assert "too few to learn from" in job["error"], job
        assert camd.get("ActiveState") == "active"
        return str(job["error"])
    finally:
        PASSWORD.unlink()
        DROP_IN.unlink()
        camd.configure(CONFIG)
        run("systemctl", "daemon-reload")
        run("systemctl", "restart", "camd")
        camd.status("camera open", "broker connected")
