"""Whatever is asked of the API, it answers as its document says: schemathesis thinks of it."""

import time
from collections.abc import Iterator
from concurrent.futures import Future

import pytest
import schemathesis
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from schemathesis.generation.case import Case
from schemathesis.specs.openapi import checks

from camd.config.settings import RegionSettings
from camd.values import RegionEvent, RegionReading, Result
from camd.web import openapi
from camd.web.feed import Feed
from testing.scenes import frame
from tests.web.serving import Client, serving, settings, state

CORNERS = ((0.1, 0.2), (0.6, 0.2), (0.6, 0.4), (0.1, 0.4))
CHECKS = [
    schemathesis.checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
]
schema = schemathesis.openapi.from_dict(openapi.document())


class Obedient(Feed):
    """One whose loop answers at once."""

    def wish(self, region: str, value: float | None) -> "Future[RegionEvent]":
        answer = super().wish(region, value)
        self.obey(lambda region, value: RegionEvent("set", region, value, None))
        return answer


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STATE_DIRECTORY", str(tmp_path_factory.mktemp("state")))
        feed = Obedient(settings(region=(RegionSettings(name="water", corners=CORNERS),)))
        feed.show(
            frame(clock=time.monotonic() + 1000), Result(regions=(RegionReading("water", "ok", 5),))
        )
        feed.state = state(time.monotonic() + 1000, camera="open")
        with serving(feed) as client:
            client.headers["x-camd-token"] = client.ask("/session").json["token"]
            yield client


@schema.parametrize()
@hypothesis_settings(
    max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), database=None
)
def test_every_answer_is_as_the_document_says(case: Case, client: Client) -> None:
    response = case.call(
        base_url=f"http://127.0.0.1:{client.port}",
        headers={"x-camd-token": client.headers["x-camd-token"]},
    )
    case.validate_response(response, checks=CHECKS)
