"""camd run --web as a whole: a real process, and a page that outlasts a reload."""

import signal
import sys
from pathlib import Path

import pytest

from testing.broker import free_port, until
from testing.pages import film, page
from testing.process import ROOT, camd, start
from tests.sources.servers import mjpeg
from tests.web.serving import Client


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return film(tmp_path_factory.mktemp("clip") / "clip.mp4", "3 2 5")


def serves(client: Client) -> bool:
    try:
        return client.ask("/api/readings").json["text"] == "325"
    except OSError:
        return False


def test_the_page_says_what_is_read_and_outlasts_a_reload(tmp_path: Path, clip: Path) -> None:
    port = free_port()
    config = tmp_path / "config.toml"
    config.write_text(f'name = "desk"\n[web]\nport = {port}\n')
    process = start(
        "run", "--device", clip, "--realtime", "--loop", "--broker", "none", "--web",
        "--config", config, home=tmp_path,
    )  # fmt: skip
    client = Client(port)
    try:
        until(lambda: serves(client), "the reading")
        token = client.ask("/session").json["token"]
        config.write_text(f'name = "till"\n[web]\nport = {port}\n')
        process.send_signal(signal.SIGHUP)
        until(lambda: client.ask("/api/readings").json["camera"] == "till", "the new name")
        assert client.ask("/session").json["token"] == token
        other = free_port()
        config.write_text(f"[web]\nport = {other}\n")
        process.send_signal(signal.SIGHUP)
        until(lambda: serves(Client(other)), "the page at its new port")
    finally:
        process.send_signal(signal.SIGTERM)
        said = process.communicate(timeout=50)[1]
    assert process.returncode == 0
    assert f"http://127.0.0.1:{port}/" in said
    assert "Traceback" not in said


def correct(client: Client) -> None:
    """Say that it is another number, so that one digit was misread."""
    token = client.ask("/session").json["token"]
    data = {"region": "meter", "value": 425}
    answer = client.ask("/api/region/set", data, x_camd_token=token)
    assert answer.json == {"region": "meter", "value": 425, "was": 325}
    until(lambda: client.ask("/page/learn").json["crops"], "the crop")
    crops = client.ask("/page/learn").json["crops"]
    assert [(one["why"], one["region"], one["guess"]) for one in crops] == [("changed", "meter", 4)]


def test_what_a_region_says_is_kept_corrected_and_outlasts_the_process(tmp_path: Path) -> None:
    port = free_port()
    config = tmp_path / "config.toml"
    config.write_text(
        f'name = "desk"\n[web]\nport = {port}\n[track]\nsettle_ms = 50\n'
        '[learn]\nkeep = true\n[[region]]\nname = "meter"\n'
        "polygon = [[0.02, 0.02], [0.98, 0.02], [0.98, 0.98], [0.02, 0.98]]\n"
    )
    client = Client(port)

    def noted() -> bool:
        try:
            points = client.ask("/api/history?step=0").json.get("points", ())
        except OSError:
            return False
        return any(point["value"] == 325 for point in points)

    with mjpeg([page("325")]) as camera:
        device = f"http://127.0.0.1:{camera}/stream"
        for number in (1, 2):
            process = start(
                "run", "--device", device, "--broker", "none", "--web", "--config", config,
                home=tmp_path,
            )  # fmt: skip
            try:
                until(noted, "the value")
                if number == 1:
                    correct(client)
            finally:
                process.send_signal(signal.SIGKILL)
                process.communicate(timeout=50)


def test_without_its_packages_it_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "uvicorn.py").write_text('raise ImportError("none", name="uvicorn")')
    env = {"PYTHONPATH": f"{tmp_path}:{ROOT}"}
    arguments = ("run", "--device", "demo", "--broker", "none", "--frames", "3")
    done = camd(*arguments, "--web", home=tmp_path, env=env)
    assert done.returncode == 69
    assert "uvicorn" in done.stderr
    assert "[web]" in done.stderr


def test_nothing_of_it_is_imported_where_there_is_no_page(tmp_path: Path) -> None:
    for name in ("uvicorn", "starlette", "argon2", "prometheus_client"):
        (tmp_path / f"{name}.py").write_text(f"raise SystemExit('{name}')")
    env = {"PYTHONPATH": f"{tmp_path}:{ROOT}"}
    arguments = ("run", "--device", "demo", "--broker", "none", "--frames", "3")
    assert camd(*arguments, home=tmp_path, env=env).returncode == 0


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"BIND": "0.0.0.0"}, "web.password_file"),  # noqa: S104
        ({"PASSWORD_FILE": "/nowhere/password"}, "web.password_file: cannot read"),
        ({"PATH": "camd"}, "web.path"),
    ],
)
def test_settings_that_cannot_be_used_are_refused(
    tmp_path: Path, options: dict[str, str], says: str
) -> None:
    env = {f"CAMD_WEB__{name}": value for name, value in options.items()}
    done = camd("run", "--web", "--device", "demo", "--broker", "none", home=tmp_path, env=env)
    assert done.returncode == 78
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_the_hash_that_config_password_prints_is_taken(tmp_path: Path) -> None:
    from camd.config.settings import WebSettings
    from camd.web.access import Access, secret
    from testing.process import environment, on_terminal

    status, written = on_terminal(
        ["sh", "-c", f"(echo horse; echo horse) | {sys.executable} -m camd config password"],
        env=environment(tmp_path), cwd=tmp_path,
    )  # fmt: skip
    assert status == 0, written
    text = next(line for line in written.decode().split() if line.startswith("$argon2id$"))
    settings = WebSettings(password=text)
    assert Access(settings, secret(settings)).log_in("horse", "a")
