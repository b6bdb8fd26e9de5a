"""camd discovery: removes from Home Assistant what camd announced there."""

from pathlib import Path

import click

from camd.cli.options import config_file, load_config, verbose_log
from camd.mqtt.broker_url import parse_broker
from camd.stdio import say


@click.group()
def discovery() -> None:
    """Home Assistant's device for this camera (announced while mqtt.discovery is true)."""


@discovery.command()
@config_file
@click.option("--name", help="Name of the camera, in its topics.")
@click.option("--broker", help="See camd run --help.")
@verbose_log
def remove(file: Path | None, name: str | None, broker: str | None, verbose: bool) -> None:
    """Remove the device from Home Assistant."""
    settings = load_config(file, {("name",): name, **parse_broker(broker)}, verbose).settings
    if settings.mqtt.broker != "external":
        raise click.UsageError(f"no broker to tell: mqtt.broker is {settings.mqtt.broker}")
    from camd.mqtt.discovery import config_topic  # noqa: PLC0415
    from camd.mqtt.once import publish  # noqa: PLC0415

    topic = config_topic(settings)
    publish(settings, topic, b"")
    say(f"emptied {topic}")
