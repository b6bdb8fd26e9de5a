"""The audit of the lock file, with pip-audit as it is and an advisory service of our own."""

import hashlib
import json
import os
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from scripts import audit
from testing.broker import free_port

HASH = "--hash=sha256:" + "0" * 64
FLAW = {
    "id": "PYSEC-2026-1",
    "aliases": ["CVE-2026-1"],
    "summary": "bad",
    "affected": [
        {
            "package": {"name": "click", "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "9.9"}]}],
        }
    ],
}


@contextmanager
def service(flaws: list[object], status: int = 200) -> Iterator[str]:
    """Answer as OSV does, the same for each package."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            body = json.dumps({"vulns": flaws} if flaws else {}).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/v1/query"
        server.shutdown()


@pytest.fixture
def lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "requirements.lock"
    path.write_text(f"click==8.1.7 \\\n    {HASH}\n")
    (tmp_path / "pyproject.toml").write_text('[project]\ndependencies = ["click>=8"]\n')
    monkeypatch.setattr(audit, "ROOT", tmp_path)
    monkeypatch.setattr(audit, "LOCK", path)
    monkeypatch.setattr(audit, "refused", lambda _: "")
    return path


@pytest.mark.usefixtures("lock")
def test_a_known_vulnerability_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    with service([FLAW]) as url:
        assert audit.main(["-s", "osv", "--osv-url", url]) == 1
    assert (
        "wrong: click 8.1.7: PYSEC-2026-1, CVE-2026-1; mended in 9.9\n" in capsys.readouterr().out
    )


@pytest.mark.usefixtures("lock")
def test_one_that_was_weighed_can_be_let_pass() -> None:
    with service([FLAW]) as url:
        options = ["-s", "osv", "--osv-url", url, "--ignore-vuln", "CVE-2026-1"]
        assert audit.main(options) == 0


@pytest.mark.usefixtures("lock")
def test_none_known_is_well(capsys: pytest.CaptureFixture[str]) -> None:
    with service([]) as url:
        assert audit.main(["-s", "osv", "--osv-url", url]) == 0
    assert "no vulnerability" in capsys.readouterr().out


@pytest.mark.usefixtures("lock")
@pytest.mark.parametrize("away", ["refused", "out of order"])
def test_a_service_that_does_not_answer_is_no_good_news(
    away: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with service([], status=500) as broken:
        url = broken if away == "out of order" else f"http://127.0.0.1:{free_port()}/"
        assert audit.main(["-s", "osv", "--osv-url", url]) == 69
    assert "not known to be sound, for no advisory service told: click" in capsys.readouterr().out


def wheel(folder: Path, name: str, needs: str = "") -> tuple[str, str]:
    """Make a package without content; return its file's name and its hash."""
    path = folder / f"{name}-1-py3-none-any.whl"
    about = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n"
    with zipfile.ZipFile(path, "w") as out:
        out.writestr(f"{name}-1.dist-info/METADATA", about + needs)
        out.writestr(f"{name}-1.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        out.writestr(f"{name}-1.dist-info/RECORD", "")
    return path.name, hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ("none", ""),
        ("withdrawn", "yanked"),
        ("changed", "HASHES"),
        ("gone", "No matching distribution"),
        ("not whole", "camdmore"),
    ],
)
def test_what_the_index_no_longer_gives_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str, says: str
) -> None:
    page = tmp_path / "simple" / "camdless" / "index.html"
    page.parent.mkdir(parents=True)
    needs = "Requires-Dist: camdmore\n" if fault == "not whole" else ""
    name, digest = wheel(page.parent, "camdless", needs)
    yanked = ' data-yanked="broken"' if fault == "withdrawn" else ""
    page.write_text("" if fault == "gone" else f'<a href="{name}"{yanked}>{name}</a>')
    lock = tmp_path / "requirements.lock"
    digest = "0" * 64 if fault == "changed" else digest
    lock.write_text(f"camdless==1 --hash=sha256:{digest}\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", f"file://{tmp_path}/simple")
    said = audit.refused(lock)
    assert says in said
    assert bool(said) == (fault != "none")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("click>=8 " + HASH, "click: not one version"),
        ("click==8.* " + HASH, "click: not one version"),
        ("click==8.1,>=8 " + HASH, "click: not one version"),
        ("click==8.1.7", "click: no hash"),
        ("-e .", "not a requirement: -e ."),
    ],
)
def test_an_entry_that_leaves_something_open(text: str, says: str) -> None:
    assert audit.locked(f"# comment\n{text}\n") == ({}, [says])


def test_the_lock_and_the_project_agree() -> None:
    versions = {"click": "8.1.7", "paho-mqtt": "2.1.0"}
    assert list(audit.disagreements(["click>=8.1", "paho_mqtt<3,>=2.1"], versions)) == []
    assert list(audit.disagreements(["click>=8.2", "numpy"], versions)) == [
        "click: pyproject.toml wants >=8.2, the lock has 8.1.7",
        "numpy: in pyproject.toml, and not in the lock",
    ]


def test_ours_is_in_order() -> None:
    versions, problems = audit.locked(audit.LOCK.read_text())
    assert problems == []
    assert {"numpy", "opencv-python", "paho-mqtt"} <= versions.keys()
