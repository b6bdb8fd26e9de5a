"""A configuration or a model that cannot be used: refused at the start with a status that says so,
and on a reload the old one stays in force."""

import io
import json
import signal
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from paho.mqtt import publish

from camd import paths
from camd.classify import model_file
from camd.config import layers
from camd.config.settings import Settings
from camd.daemon import daemon
from camd.daemon.loop import Options
from camd.errors import CamdError, ConfigError, ModelError, SourceError
from camd.service.notify import Service
from camd.terminal import Printer
from testing.broker import Subscriber, mosquitto, until
from testing.process import camd, start
from tests.config import generated
from tests.notified import notified
from tests.sources.pictures import clip

CONFIGURATIONS = {
    "arrays in arrays": "a = " + "[" * 300 + "]" * 300,
    "tables in tables": ".".join("a" * 300) + " = 1",
    "tables in regions": "region = " + "[" * 20 + "]" * 20,
    "a long number": "mqtt.health_s = " + "9" * 5000,
    "a long number of hexadecimals": "mqtt.health_s = 0x" + "f" * 5000,
    "a pattern that cannot be": '[[region]]\nname = "a"\npattern = "x{99999999999999999999}"',
    "metrics in no file": 'metrics.file = ""',
    "metrics in a folder": 'metrics.file = "/"',
    "a NUL in the name of the metrics": 'metrics.file = "a\\u0000b"',
    "a NUL in the name of certificates": 'mqtt.tls = true\nmqtt.ca_file = "a\\u0000b"',
    "a NUL in an address": 'mqtt.broker = "embedded"\nmqtt.embedded_bind = "a\\u0000b"',
    "nobody's address": 'mqtt.broker = "embedded"\nmqtt.embedded_bind = ""',
    "a long device": f'camera.device = "{"x" * 5000}"',
    "a long name of a model": f'model.file = "{"x" * 5000}"',
    "a folder as model": 'model.file = "/"',
    "a long prefix": f'mqtt.prefix = "{"x" * 70_000}"',
}


def header(text: str) -> bytes:
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()


MODELS: dict[str, dict[str, bytes]] = {
    "no array": {"vectors.npy": b"nothing"},
    "a header that cannot be hashed": {"vectors.npy": header("{[]: 1}")},
    "a header without an end": {"vectors.npy": header("{'descr': '<f4', 'shape': (")},
    "a shape that overflows": {
        "vectors.npy": header(
            "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999, 99999999999), }"
        )
    },
    "a description that is no object": {"meta.npy": header("(" * 5000)},
    "no entry": {},
}


def spoil(path: Path, entries: dict[str, bytes]) -> None:
    """Write the model that ships, but for `entries`; with none, an archive of nothing."""
    with zipfile.ZipFile(paths.model_file()) as shipped, zipfile.ZipFile(path, "w") as made:
        for name in shipped.namelist() if entries else ():
            made.writestr(name, entries.get(name, shipped.read(name)))


def infinite(path: Path) -> None:
    """Write the model that ships with an infinite width, and a checksum that is right."""
    arrays, meta = model_file.read(paths.model_file())
    meta = dict(meta) | {"gamma": float("inf")}
    del meta["sha256"]
    meta["sha256"] = model_file.digest(arrays, meta)
    text = np.frombuffer(json.dumps(meta).encode(), np.uint8)
    buffer = io.BytesIO()
    np.savez(buffer, **(dict(arrays) | {"meta": text}))
    path.write_bytes(buffer.getvalue())


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("models")
    made = {name: folder / f"{number}.npz" for number, name in enumerate(MODELS)}
    for name, path in made.items():
        spoil(path, MODELS[name])
    made["infinite"] = folder / "infinite.npz"
    infinite(made["infinite"])
    return made


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pictures = [np.full((96, 128, 3), 200 + number, np.uint8) for number in range(20)]
    return clip(tmp_path_factory.mktemp("film") / "film.avi", pictures)


def wrong_ones(models: dict[str, Path]) -> dict[str, str]:
    """Return all configurations that cannot be used, by what is wrong with them."""
    named = {name: f"model.file = {json.dumps(str(path))}" for name, path in models.items()}
    return CONFIGURATIONS | named


@pytest.mark.timeout(300)
def test_on_a_reload_what_cannot_be_used_is_refused_and_the_old_stays_in_force(
    tmp_path: Path, film: Path, models: dict[str, Path]
) -> None:
    """Each by a signal and by a request, one after the other in one process."""
    address = str(tmp_path / "notify")
    config = tmp_path / "camd.toml"
    with (
        mosquitto() as broker,
        Subscriber(broker.host, broker.port) as heard,
        notified(address) as manager,
    ):
        right = (
            f"mqtt.host = '{broker.host}'\nmqtt.port = {broker.port}\nmqtt.requests = true\n"
            f"camera.device = '{film}'\n"
        )
        config.write_text(right)
        process = start(
            *("run", "--config", config, "--realtime", "--loop"),
            home=tmp_path,
            env={"NOTIFY_SOCKET": address, "STATE_DIRECTORY": str(tmp_path / "state")},
        )
        heard.wait("camd/camd/state")

        def answers() -> list[dict[str, object]]:
            return [item.json for item in heard.on("camd/camd/response/reload")]

        wrong = wrong_ones(models)
        for name, text in wrong.items():
            key = text.partition(" = ")[0]
            config.write_text(
                "".join(
                    line for line in right.splitlines(keepends=True) if not line.startswith(key)
                )
                + text
            )
            lines, asked = len(manager.lines()), len(answers())
            process.send_signal(signal.SIGHUP)
            manager.after(lines, "READY=1")
            publish.single(
                "camd/camd/request/reload", qos=1, hostname=broker.host, port=broker.port
            )
            until(lambda: len(answers()) > asked, f"an answer: {name}")  # noqa: B023
            assert "log says" in str(answers()[-1].get("error")), name
            assert process.poll() is None, name
        boots = {item.json["boot"] for item in heard.on("camd/camd/state")}
        assert len(boots) == 1, "it has not started anew"
        config.write_text(right)
        process.send_signal(signal.SIGHUP)
        until(lambda: len({item.json["boot"] for item in heard.on("camd/camd/state")}) == 2)
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=30)
    assert process.returncode == 0, log
    assert log.count("not reloaded, the old configuration stays in force") == 2 * len(wrong)
    assert "Traceback" not in log
    assert "bug" not in log
    assert "did not expect" not in log, "each is said in words of its own"


def run(
    load: Callable[[], Settings], signals: daemon.Signals, observe: Callable[[int], None]
) -> None:
    daemon.run(
        load,
        Options(loop=True, observe=lambda number, _: observe(number)),
        Printer(io.StringIO(), live=False),
        signals,
        Service({}),
    )


def signals() -> daemon.Signals:
    return daemon.Signals(Event(), Event())


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_at_the_start_a_configuration_has_the_status_of_one(tmp_path: Path, name: str) -> None:
    file = tmp_path / "camd.toml"
    file.write_text(CONFIGURATIONS[name])
    with pytest.raises(CamdError) as caught:
        daemon.prepare(lambda: layers.load(file, environ={}).settings, Options())
    statuses = {"a long device": SourceError.status, "a long name of a model": ModelError.status}
    assert caught.value.status == statuses.get(name, ConfigError.status)


def load_with(option: str, value: Path) -> Callable[[], Settings]:
    return lambda: layers.load(environ={f"CAMD_{option}": str(value)}).settings


def test_at_the_start_a_model_has_the_status_of_one(models: dict[str, Path]) -> None:
    for path in models.values():
        with pytest.raises(ModelError, match=path.name):
            daemon.prepare(load_with("MODEL__FILE", path), Options())
    assert ModelError.status == 65


def test_a_process_that_cannot_start_ends_with_that_status(
    tmp_path: Path, models: dict[str, Path]
) -> None:
    file = tmp_path / "camd.toml"
    file.write_text("a = " + "[" * 300 + "]" * 300)
    done = camd("run", "--config", file, home=tmp_path)
    assert (done.returncode, "nested too deep" in done.stderr) == (78, True), done.stderr
    done = camd("run", "--model", models["infinite"], "--device", "demo", home=tmp_path)
    assert (done.returncode, "rebuild it" in done.stderr) == (65, True), done.stderr


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(generated.files, generated.environments)
@example(b"mqtt.broker = 'embedded'\nmqtt.embedded_bind = '::'\nmqtt.port = 65535", {})
@example(b"mqtt.tls = true\nmqtt.ca_file = '/dev/null'", {})
@example(b"mqtt.username = 'x'\nmqtt.password_file = '/'", {})
def test_whatever_is_given_can_be_started_or_is_refused_in_words(
    tmp_path: Path, content: bytes, environ: dict[str, str]
) -> None:
    with TemporaryDirectory(dir=tmp_path) as directory:
        file = Path(directory, "c.toml")
        file.write_bytes(content)
        refused = None
        try:
            plan = daemon.prepare(lambda: layers.load(file, environ=environ).settings, Options())
        except CamdError as error:
            refused = error
        if refused is None:
            assert plan.source.name
        else:
            assert refused.status in (65, 66, 69, 78)
            assert "did not expect" not in str(refused)


@pytest.mark.parametrize(
    ("fault", "status"), [(ZeroDivisionError("hunter2"), 78), (OSError(24, "Too many files"), 1)]
)
def test_a_fault_that_nobody_expected_ends_a_start_and_no_run(
    film: Path, caplog: pytest.LogCaptureFixture, fault: Exception, status: int
) -> None:
    right = layers.load(
        environ={"CAMD_CAMERA__DEVICE": str(film), "CAMD_MQTT__BROKER": "none"}
    ).settings
    given: Iterator[Settings] = iter([right])

    def load() -> Settings:
        for setting in given:
            return setting
        raise fault

    seen = signals()

    def observe(number: int) -> None:
        if number == 2:
            seen.reload.set()
        elif number == 4:
            seen.stop.set()

    run(load, seen, observe)
    assert not seen.reload.is_set()
    assert "not reloaded" in caplog.text
    with pytest.raises(CamdError) as caught:
        run(load, seen, observe)
    assert caught.value.status == status
    assert "hunter2" not in str(caught.value)
