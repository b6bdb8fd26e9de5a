from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from camd.backoff import Backoff
from camd.config.settings import MqttSettings, RegionSettings, Settings
from camd.mqtt.publisher import Publisher
from camd.mqtt.session import Session
from camd.mqtt.timing import Timing
from testing.broker import Mosquitto, mosquitto, until
from testing.scenes import IMPATIENT, Embedded, Publishers


@pytest.fixture
def real() -> Iterator[Mosquitto]:
    with mosquitto() as broker:
        yield broker


@pytest.fixture(params=["mosquitto", "embedded"])
def any_broker(request: pytest.FixtureRequest) -> Iterator[Mosquitto | Embedded]:
    """Both brokers keep one contract."""
    if request.param == "mosquitto":
        with mosquitto() as broker:
            yield broker
    else:
        embedded = Embedded()
        yield embedded
        embedded.stop()


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The state directory, of this test only."""
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "state"))
    return tmp_path / "state"


@pytest.fixture
def publishers() -> Iterator[Publishers]:
    """Make and start publishers, stopped at the end; `options` are those of [mqtt]."""
    made: list[Publisher] = []

    def make(
        broker: Mosquitto | Embedded,
        *,
        start: bool = True,
        wait: bool = True,
        on_classes: Callable[[bytes], None] | None = None,
        timing: Timing = IMPATIENT,
        backoff: Backoff | None = None,
        region: Sequence[RegionSettings] = (),
        **options: object,
    ) -> Publisher:
        mqtt = MqttSettings.model_validate({"host": broker.host, "port": broker.port} | options)
        settings = Settings(name="desk", mqtt=mqtt, region=tuple(region))
        publisher = Publisher(
            settings,
            boot="9f3c",
            model_id="a1b2c3d4",
            on_classes=on_classes,
            timing=timing,
            backoff=backoff,
        )
        made.append(publisher)
        if start:
            publisher.start()
        if start and wait:
            until(lambda: publisher.stats().connected, "connected")
        return publisher

    yield make
    for publisher in made:
        publisher.stop(1)


@pytest.fixture
def tries(monkeypatch: pytest.MonkeyPatch) -> list[None]:
    """One item for each connection tried."""
    made: list[None] = []
    run = Session.run

    def counted(session: Session) -> None:
        made.append(None)
        run(session)

    monkeypatch.setattr(Session, "run", counted)
    return made
