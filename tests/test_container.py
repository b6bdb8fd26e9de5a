"""What the files of the container say of each other; scripts/test-container builds and runs it."""

import importlib.util
import re
import shlex
from pathlib import Path

import click
import pytest
import yaml

from camd.config.keys import fields
from tests.cli.test_documented import parse

ROOT = Path(__file__).parents[1]
FILE = (ROOT / "Containerfile").read_text()
SERVICES = yaml.safe_load((ROOT / "examples" / "compose.yaml").read_text())["services"]


def test_opencv_without_windows_is_of_the_version_that_is_locked() -> None:
    (with_windows,) = re.findall(
        r"^opencv-python==(\S+)", (ROOT / "requirements.lock").read_text(), re.M
    )
    (without,) = re.findall(
        r"^opencv-python-headless==(\S+)", (ROOT / "container.lock").read_text(), re.M
    )
    assert without == with_windows


def test_what_is_copied_is_there_and_not_ignored() -> None:
    let_in = {
        line[1:] for line in (ROOT / ".containerignore").read_text().split() if line[0] == "!"
    }
    sources = [
        source
        for line in re.findall(r"^COPY (?!--from)(.+) \S+$", FILE, re.M)
        for source in line.split()
    ]
    assert len(sources) > 5
    for source in sources:
        assert (ROOT / source).exists()
        assert source in let_in


def test_the_options_that_are_set_are_options() -> None:
    names = {"CAMD_" + "__".join(key).upper() for key, _ in fields()}
    set_here = set(re.findall(r"\b(CAMD_\w+)=", FILE)) | {*SERVICES["camd"]["environment"]}
    assert set_here
    assert set_here <= names


def test_compose_mounts_what_the_image_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(click.Path, "convert", lambda _self, value, *_: Path(value))
    (volumes,) = re.findall(r"^VOLUME \[(.*)\]", FILE, re.M)
    wanted = {text.strip('",') for text in shlex.split(volumes)}
    service = SERVICES["camd"]
    assert {mount.split(":")[1] for mount in service["volumes"]} == wanted
    assert service["read_only"]
    assert (ROOT / "examples" / service["build"]["context"] / "Containerfile").exists()
    parse(service["command"])
    assert "broker" in SERVICES


def test_of_the_same_library_the_newest_is_kept_and_the_unneeded_are_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = importlib.util.spec_from_file_location(
        "share_libraries", ROOT / "packaging" / "container" / "share_libraries.py"
    )
    assert spec
    assert spec.loader
    sharing = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sharing)
    needs = {
        "cv2/cv2.abi3.so": ["libavcodec-0000000a.so.62.28.9", "libpng16-0000000a.so.16.1.0"],
        "av/codec.so": ["libavcodec-0000000b.so.62.28.10", "libc.so.6"],
        "opencv.libs/libavcodec-0000000a.so.62.28.9": ["libvpx-0000000a.so.11.0"],
        "opencv.libs/libvpx-0000000a.so.11.0": [],
        "opencv.libs/libpng16-0000000a.so.16.1.0": [],
        "av.libs/libavcodec-0000000b.so.62.28.10": ["libvpx-0000000b.so.12.0"],
        "av.libs/libvpx-0000000b.so.12.0": [],
    }
    for name in needs:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    monkeypatch.setattr(sharing, "needed", lambda file: needs[file.resolve().read_text()])
    folder = sharing.gather(tmp_path)
    sharing.share(folder)
    sharing.remove_unneeded(tmp_path, folder)
    for wheel in ("opencv.libs", "av.libs"):
        assert {file.name: file.resolve().name for file in (tmp_path / wheel).iterdir()} == {
            "libavcodec-0000000a.so.62.28.9": "libavcodec-0000000b.so.62.28.10",
            "libavcodec-0000000b.so.62.28.10": "libavcodec-0000000b.so.62.28.10",
            "libpng16-0000000a.so.16.1.0": "libpng16-0000000a.so.16.1.0",
            "libvpx-0000000b.so.12.0": "libvpx-0000000b.so.12.0",
        }
