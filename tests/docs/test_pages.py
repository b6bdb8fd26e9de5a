"""What the pages of docs/ say: links lead somewhere, and what is shown to be copied is right."""

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from camd.config import layers
from camd.errors import ConfigError
from tests.cli.test_documented import NAMES, PAGES, ROOT

EVERY = [*PAGES, ROOT / "CHANGELOG.md", ROOT / "benchmarks" / "README.md"]
LINK = re.compile(r"(?<!`)!?\[[^\]]*\]\(([^)\s]+)\)|src=\"([^\"]+)\"")
MENU = re.compile(r"^```\{toctree\}\n(.*?)^```", re.M | re.S)


def blocks(page: Path, language: str) -> Iterator[str]:
    """Yield the blocks in a language; the lines of one in a list without their indent."""
    found = re.finditer(rf"^( *)```{language}\n(.*?)^\1```", page.read_text(), re.M | re.S)
    for match in found:
        yield re.sub(rf"^{match[1]}", "", match[2], flags=re.M)


def prose(page: Path) -> str:
    return re.sub(r"^ *```.*?^ *```", "", page.read_text(), flags=re.M | re.S)


def anchors(page: Path) -> set[str]:
    """Return the anchors that GitHub, Forgejo and MyST make of the headings."""
    slugs: set[str] = set()
    for heading in re.findall(r"^#+ (.+)$", prose(page), re.M):
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").lower()
        slug = re.sub(r"[^\w\- ]", "", text).strip().replace(" ", "-")
        number = sum(one == slug or one.startswith(f"{slug}-") for one in slugs)
        slugs.add(slug if slug not in slugs else f"{slug}-{number}")
    return slugs


@pytest.mark.parametrize("page", EVERY, ids=lambda page: str(page.relative_to(ROOT)))
def test_each_link_leads_to_something(page: Path) -> None:
    for match in LINK.finditer(prose(page)):
        link = match[1] or match[2]
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        assert target.exists(), f"{page.name}: {link}"
        if anchor and target.suffix == ".md":
            assert anchor in anchors(target), f"{page.name}: {link}"


def test_each_page_is_in_the_menu_of_the_site() -> None:
    index = ROOT / "docs" / "index.md"
    listed = {line for menu in MENU.findall(index.read_text()) for line in menu.splitlines()}
    pages = {str(page.relative_to(ROOT / "docs").with_suffix("")) for page in PAGES[2:]}
    of_lab = {name for name in pages if name.startswith("lab/")} - {"lab/README"}
    assert pages - of_lab - {"index"} == {x for x in listed if x and not x.startswith(":")}


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_each_configuration_shown_is_one(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layers, "SYSTEM_FILE", tmp_path / "none.toml")
    monkeypatch.setattr(layers, "user_file", lambda: tmp_path / "none.toml")
    for block in blocks(page, "toml"):
        tomllib.loads(block)
        file = tmp_path / "shown.toml"
        file.write_text(block)
        try:
            layers.load(file, environ={})
        except ConfigError as error:
            pytest.fail(f"{page.name}: {error}\n{block}")


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_each_message_and_automation_shown_can_be_parsed(page: Path) -> None:
    for block in blocks(page, "json"):
        json.loads(block)
    for block in blocks(page, "yaml"):
        assert {"triggers", "actions"} <= yaml.safe_load(block).keys()


@pytest.mark.parametrize("page", EVERY, ids=lambda page: str(page.relative_to(ROOT)))
def test_each_block_begins_and_ends(page: Path) -> None:
    fences = re.findall(r"^ *(``+)(?!.*`)(.*)$", page.read_text(), re.M)
    assert all(len(ticks) == 3 for ticks, _ in fences)
    assert all(not said for _, said in fences[1::2])
    assert len(fences) % 2 == 0


def test_there_is_something_to_look_at() -> None:
    counted = {
        language: sum(len([*blocks(page, language)]) for page in PAGES)
        for language in ("toml", "json", "yaml")
    }
    assert counted["toml"] > 10
    assert counted["json"] > 10
    assert counted["yaml"] >= 3
    assert len([match for page in EVERY for match in LINK.finditer(prose(page))]) > 100
    assert "what-is-promised" in anchors(ROOT / "docs" / "mqtt.md")
