"""camd eval --video DIR: read labelled clips as a camera's frames, print how the reading follows
them, and save the worst moments on one picture."""

import itertools
import math
import sys
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from camd import files, learnt
from camd.config.settings import Settings
from camd.display import overlay
from camd.display.overlay import Hud
from camd.errors import DataError, SourceError
from camd.evaluate import film_strip
from camd.evaluate.clip_score import CLEARED, PROMPT, ClipScore, Fault, Seen, score_clip
from camd.evaluate.clip_truth import Clip, load_clips
from camd.pipeline import Model, Pipeline
from camd.runtime import bounded
from camd.sources.base import CorruptFrameError, EndOfStreamError
from camd.sources.video import USUAL_FPS, Video
from camd.terminal import console, follow
from camd.values import Image

WORST = 10
DRAWN = 6
_QUALITY = 85


def evaluate(directory: Path, settings: Settings, sheet: Path | None) -> int:
    """Print the figures of `directory`'s clips by kind, and the worst moments; draw those on the
    JPEG `sheet`. Return the exit status: 66 when a clip could not be read (it does not count).

    Raises DataError for a wrong truth and where `sheet` cannot be written, ModelError."""
    clips = load_clips(directory)
    out = console(sys.stdout)
    kinds: dict[str, ClipScore] = defaultdict(ClipScore)
    faults: list[tuple[Clip, Fault, float]] = []
    status = 0
    with bounded(settings.model.threads):
        model = learnt.load(settings)
        for clip in follow(clips, "reading"):
            try:
                seen, fps = _read(clip, settings, model)
            except SourceError as error:
                console(sys.stderr).print(f"camd: {error}", soft_wrap=True)
                status = SourceError.status
                continue
            score = score_clip(clip.spans, seen, fps)
            kinds[clip.kind] += score
            faults += [(clip, fault, fps) for fault in score.faults]
        worst = sorted(faults, key=lambda each: -each[1].seconds)[:WORST]
        total = sum(kinds.values(), ClipScore())
        _figures(out, kinds, total)
        _worst(out, worst)
        if sheet is not None and worst:
            strips = [_draw(each, settings, model) for each in worst[:DRAWN]]
            title = f"{directory.resolve().name}  ·  {_summary(total)}  ·  model {model.id}"
            _save(sheet, film_strip.film(strips, title))
            out.print(f"the worst, drawn: {sheet}", soft_wrap=True)
    return status


def _frames(clip: Clip, settings: Settings) -> Iterator[tuple[int, Image, float, float]]:
    """Yield the number of each frame, from 1, the frame, its seconds in the film, and the frames a
    second. Raises SourceError."""
    video = Video(clip.video, settings.camera)
    try:
        fps = video.open().fps or USUAL_FPS
        for number in itertools.count(1):
            try:
                image = video.read()
                yield number, image, video.time or 0.0, fps
            except CorruptFrameError:
                continue
            except EndOfStreamError:
                return
    finally:
        video.close()


def _read(clip: Clip, settings: Settings, model: Model) -> tuple[list[Seen], float]:
    pipeline = Pipeline(settings, model)
    seen: list[Seen] = []
    fps = USUAL_FPS
    for number, image, seconds, rate in _frames(clip, settings):
        fps = rate
        result = pipeline.process(image, seconds)
        stable = tuple(digit for digit in result.digits if digit.stable)
        # One that could not be decoded says what the one before it said.
        seen += [Seen(stable, result.reading.lines, result.reading.complete)] * (number - len(seen))
    return seen, fps


def _draw(worst: tuple[Clip, Fault, float], settings: Settings, model: Model) -> Image:
    clip, fault, fps = worst
    pipeline = Pipeline(settings, model)
    wanted = _spread(fault)
    drawn = []
    for number, image, seconds, _ in _frames(clip, settings):
        result = pipeline.process(image, seconds)
        if number in wanted:
            hud = Hud(name="", fps=fps, message=f"{seconds:.2f} s")
            drawn.append(overlay.draw(image, result, hud))
        if number >= max(wanted):
            break
    return film_strip.strip(drawn, clip.video.name, _say(fault, fps))


def _spread(fault: Fault) -> Collection[int]:
    """Choose the frames that show it: the one before it, and some up to its end."""
    steps = film_strip.FRAMES - 1
    before = max(1, fault.first - 1)
    last = max(fault.last, before + steps)
    return {before + round((last - before) * step / steps) for step in range(steps + 1)}


def _say(fault: Fault, fps: float) -> str:
    what = f"{fault.kind}, {fault.seconds:.2f} s from {fault.first / fps:.2f} s"
    return f"{what}:  read {fault.read},  true {fault.true}"


def _save(sheet: Path, picture: Image) -> None:
    try:
        files.write(sheet, overlay.encode_jpeg(picture, _QUALITY))
    except OSError as exc:
        raise DataError(
            f"{sheet} cannot be written ({exc.strerror}); give another place with --sheet, or"
            " --no-sheet"
        ) from exc


def _figures(out: Console, kinds: dict[str, ClipScore], total: ClipScore) -> None:
    table = Table("clips", "right", "in time", "slowest", "unread", "false", "left", "exact")
    for column in table.columns[1:]:
        column.justify = "right"
    for kind, score in kinds.items():
        table.add_row(*_cells(kind or "-", score))
    if len(kinds) > 1:
        table.add_section()
        table.add_row(*_cells("all", total))
    out.print(table)
    out.print(
        "right: of the stable digits, in every frame; in time: of the digits of a sheet that comes"
        f" to rest, those in the reading within {PROMPT * 1000:.0f} ms, and when the slowest was;"
        " unread: those that never were; false: changes of the reading of a still scene, and not"
        " towards what is written, a minute; left: the longest that a reading stood after its"
        f" sheet was gone, {CLEARED * 1000:.0f} ms are allowed; exact: of the time that a sheet"
        " lies still, with all of it in the reading and nothing else",
        style="dim",
    )
    if total.steady_s:
        rightly, falsely = map(_percent, total.doubted)
        out.print(
            f"the reading called itself incomplete in {rightly} of the time that it was not exact,"
            f" and in {falsely} of the time that it was"
        )


def _cells(name: str, score: ClipScore) -> list[str]:
    read = [delay for delay in score.delays if delay < math.inf]
    return [
        name,
        _percent(score.accuracy) if score.right + score.wrong else "",
        _percent(score.prompt) if read else "",
        f"{max(read):.2f} s" if read else "",
        _percent(score.unread) if score.delays else "",
        f"{score.changes_a_minute:.1f}" if score.still_s else "",
        f"{max(score.left):.2f} s" if score.left else "",
        _percent(score.exact) if score.steady_s else "",
    ]


def _percent(share: float) -> str:
    """Rounded down: 99.99 % is not all of them."""
    if share >= 1:
        return "100 %"  # With two decimals the table would not fit 80 columns.
    return f"{math.floor(share * 10_000) / 100:.2f} %"


def _summary(score: ClipScore) -> str:
    return (
        f"{_percent(score.accuracy)} of stable digits right  ·  {_percent(score.prompt)} in time"
        f"  ·  {score.changes_a_minute:.1f} false changes a minute"
    )


def _worst(out: Console, worst: Sequence[tuple[Clip, Fault, float]]) -> None:
    if worst:
        out.print("the worst:")
    for clip, fault, fps in worst:
        out.print(
            f"  {clip.video.name}, {fault.first / fps:.2f} s: {fault.kind}, {fault.seconds:.2f} s",
            soft_wrap=True,
        )
        out.print(f"    true {fault.true}", style="dim", soft_wrap=True)
        out.print(f"    read {fault.read}", style="dim", soft_wrap=True)
