"""What the site takes from the program. scripts/docs builds all of it, and takes half a minute."""

import re

import click
import pytest

from camd.cli.root import cli
from camd.config.keys import fields, tables
from docs import generated


def test_each_option_is_in_the_reference_with_its_bounds() -> None:
    text = generated.options()
    for key, info in fields():
        section = ".".join(key[:-1])
        heading = f"## `[{section}]`" if section else "## Without a section"
        table = text.partition(f"{heading}\n")[2].partition("\n## ")[0]
        (row,) = [line for line in table.splitlines() if line.startswith(f"| `{key[-1]}` |")]
        assert (info.description or "").split("<")[0] in row
    assert "At least 1, at most 65535." in text
    assert "One of `dark`" in text or "One of `auto`" in text
    for name, model in tables().items():
        assert f"## `[[{name}]]`" in text
        assert all(f"| `{option}` |" in text for option in model.model_fields)


def test_each_command_is_in_the_reference() -> None:
    text = generated.commands()
    assert all(f"## `camd {name}`" in text for name in cli.commands)
    assert "### `camd region draw`" in text
    assert "Usage: camd region draw [OPTIONS]" in text
    assert "-h, --help" in text
    assert max(map(len, text.splitlines())) <= 88
    hidden = click.Group("camd", commands={"secret": click.Command("secret", hidden=True)})
    assert "secret" not in "".join(help_ for _, help_ in generated._helps(hidden, ("camd",), None))


def test_each_key_of_each_message_is_in_the_reference() -> None:
    text = generated.payloads()
    reading = text.partition("## `reading`\n")[2].partition("\n## ")[0]
    assert "| `complete` | boolean |" in reading
    assert "| `lines` | list of string |" in reading
    assert "**DigitItem**" in reading
    assert "| `digit` | integer | (At least 0, at most 9) |" in reading
    assert "| `track` | integer or null |" in reading
    assert "## `request/set`" in text


def test_what_is_generated_takes_the_place_of_its_mark() -> None:
    text = ["# Options\n\n<!-- generated: options -->\n"]
    generated.fill("reference/options", text)
    assert "<!--" not in text[0]
    assert "| `min_confidence` |" in text[0]
    with pytest.raises(KeyError):
        generated.fill("index", ["<!-- generated: nothing -->"])


def test_links_out_of_the_docs_lead_to_the_pages_that_stand_for_them() -> None:
    text = ["[a](../../CHANGELOG.md) [b](../mqtt.md#names) [c](#here) [d](https://x.org/README.md)"]
    generated.fill("how-to/form", text)
    assert text == [
        "[a](../changelog.md) [b](../mqtt.md#names) [c](#here) [d](https://x.org/README.md)"
    ]
    changes = generated.MAKERS["changelog"]()
    assert "](../examples/" in changes
    assert not re.search(r"\]\(docs/", changes)
