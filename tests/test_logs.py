import io
import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given

from camd.logs import setup_logging
from camd.stdio import printable
from tests.names import texts
from tests.test_terminal import Terminal


@pytest.fixture(autouse=True)
def undo() -> Iterator[None]:
    root = logging.getLogger()
    handlers = list(root.handlers)
    yield
    root.handlers[:] = handlers
    for name in ("camd", "training"):
        logging.getLogger(name).setLevel(logging.NOTSET)


def test_a_plain_stream_gets_name_and_level_a_line() -> None:
    stream = io.StringIO()
    setup_logging("info", stream)
    log = logging.getLogger("camd.mqtt")
    log.debug("not this")
    log.info("connected")
    log.warning("gone\nfor good")
    assert stream.getvalue() == (
        "camd: info: connected\ncamd: warning: gone\ncamd: warning: for good\n"
    )


def test_the_journal_gets_levels_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "journal"
    with path.open("w") as stream:
        status = os.fstat(stream.fileno())
        monkeypatch.setenv("JOURNAL_STREAM", f"{status.st_dev}:{status.st_ino}")
        setup_logging("debug", stream)
        log = logging.getLogger("camd")
        for level in ("debug", "info", "warning", "error", "critical"):
            getattr(log, level)(level)
        log.error("two\nlines")
    assert path.read_text().splitlines() == [
        "<7>debug", "<6>info", "<4>warning", "<3>error", "<3>critical", "<3>two", "<3>lines",
    ]  # fmt: skip


def test_somebody_elses_journal_is_not_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JOURNAL_STREAM", "8:1")
    path = tmp_path / "log"
    with path.open("w") as stream:
        setup_logging("info", stream)
        logging.getLogger("camd").info("hello")
    assert path.read_text() == "camd: info: hello\n"


def test_other_packages_are_heard_from_warnings_on() -> None:
    stream = io.StringIO()
    setup_logging("debug", stream)
    logging.getLogger("another").info("chatter")
    logging.getLogger("another").warning("trouble")
    assert stream.getvalue() == "camd: warning: trouble\n"


def test_setting_up_again_replaces() -> None:
    first, second = io.StringIO(), io.StringIO()
    setup_logging("info", first)
    setup_logging("error", second)
    logging.getLogger("camd").warning("one")
    logging.getLogger("camd").error("two")
    assert first.getvalue() == ""
    assert second.getvalue() == "camd: error: two\n"


@given(texts.map(lambda text: text.encode("utf-8", "ignore").decode()))  # for pytest's own log
def test_no_message_is_taken_for_markup(text: str) -> None:
    plain, coloured = io.StringIO(), Terminal()
    for stream in (plain, coloured):
        setup_logging("info", stream)
        logging.getLogger("camd").warning("%s is gone", text)
    lines = f"{printable(text)} is gone".split("\n")
    for line in lines:
        assert f"camd: warning: {line}\n" in plain.getvalue()
        assert line in coloured.getvalue()
