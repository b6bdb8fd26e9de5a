"""What no option may be, though its type would let it."""

from pathlib import Path

import pytest

from camd.config import layers
from camd.config.settings import MOST_PREFIX_BYTES, MqttSettings, Settings
from camd.errors import ConfigError
from camd.mqtt import discovery
from camd.mqtt.topics import Topics

MOST_TOPIC_BYTES = 65535
"""MQTT, 1.5.3."""


@pytest.mark.parametrize("name", ["prefix", "discovery_prefix"])
@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("a\\u0000b", "must not hold a NUL"),
        ("a\\u0085b", "control characters"),
        ("a\\uFFFEb", "no character"),
        ("x" * 70_000, "70000 bytes"),
        ("ä" * (MOST_PREFIX_BYTES // 2 + 1), "bytes of UTF-8"),
        ("", "words"),
        ("camd/#", "without spaces, # or [+]"),
        ("+/camd", "without spaces, # or [+]"),
        ("camd/", "single slashes"),
        ("/camd", "single slashes"),
        ("my house", "without spaces"),
    ],
)
def test_a_prefix_that_no_topic_may_have_is_refused(
    tmp_path: Path, name: str, text: str, named: str
) -> None:
    """A broker hangs up on it without a word, for ever."""
    file = tmp_path / "c.toml"
    file.write_text(f'[mqtt]\n{name} = "{text}"\n', encoding="utf-8")
    with pytest.raises(ConfigError, match=f"mqtt.{name}: .*{named}") as caught:
        layers.load(file, environ={})
    assert caught.value.status == 78
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("name", ["client_id", "username"])
def test_a_name_that_mqtt_cannot_carry_is_refused(tmp_path: Path, name: str) -> None:
    file = tmp_path / "c.toml"
    file.write_text(f'mqtt.{name} = "a\\u0000b"\n')
    with pytest.raises(ConfigError, match=f"mqtt.{name}: must not hold a NUL"):
        layers.load(file, environ={})


@pytest.mark.parametrize("letter", ["x", "ä", "€", "😀"])
def test_the_longest_prefix_makes_topics_that_are_short_enough(letter: str) -> None:
    prefix = letter * (MOST_PREFIX_BYTES // len(letter.encode()))
    mqtt = MqttSettings(prefix=prefix, discovery_prefix=prefix)
    topics = Topics.of(prefix, "n" * 64)
    for topic in (
        topics.region("r" * 64),
        topics.response("snapshot"),
        f"$share/camd/{prefix}/+/crops",
        discovery.config_topic(Settings(name="n" * 64, mqtt=mqtt)),
    ):
        assert len(topic.encode()) <= MOST_TOPIC_BYTES
