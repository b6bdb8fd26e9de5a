"""The command line; the only file that exits a process."""

import errno
import os
import shlex
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import click

from camd import __version__, paths
from camd.capture import THREAD
from camd.cli.completion import ASKED, completion
from camd.cli.config import config
from camd.cli.discovery import discovery
from camd.cli.learn import learn
from camd.cli.options import SourceCommand, config_file, load_config, model_file, verbose_log
from camd.cli.read import eval_, read
from camd.cli.region import region
from camd.cli.service import doctor, health, service
from camd.cli.setup import calibrate
from camd.cli.train import eval_model, train
from camd.config.keys import KeyPath
from camd.config.profiles import PROFILES
from camd.config.settings import Settings
from camd.errors import CamdError, UnreadError
from camd.mqtt.broker_url import parse_broker
from camd.stdio import PATIENCE_S, tell, wait_while

BUG, USAGE, UNAVAILABLE, INTERRUPTED = 1, 2, 69, 130
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def main() -> NoReturn:
    """Run the command and exit. Each error becomes one message and an exit status, no traceback."""
    before = threading.enumerate()
    try:
        _main()
    except SystemExit as end:
        left = [thread for thread in threading.enumerate() if thread not in before]
        if any(thread.name == THREAD for thread in left):
            # A driver holds it. If it came back while Python ends, it would be ended in the midst
            # of C++, and that aborts the process. All streams are written through.
            os._exit(end.code if isinstance(end.code, int) else BUG)
        raise


def _main() -> NoReturn:
    try:
        sys.exit(cli.main(standalone_mode=False, complete_var=ASKED) or 0)
    except UnreadError:  # `camd ... | head` has seen enough
        sys.exit(0)
    except click.ClickException as error:
        error.show(sys.stderr)
        sys.exit(USAGE)
    except CamdError as error:
        tell(f"camd: {error}")
        sys.exit(error.status)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(INTERRUPTED)
    except ImportError as error:
        tell(f"camd: {_missing(error)}")
        sys.exit(UNAVAILABLE)
    except OSError as error:
        if error.errno not in NO_ROOM:
            _bug(error)
        tell(f"camd: cannot write any more: {error.strerror}")
        sys.exit(UNAVAILABLE)
    except Exception as error:
        _bug(error)


def _bug(error: Exception) -> NoReturn:
    tell(f"camd: bug: {type(error).__name__}: {error}")
    if {"-v", "--verbose"} & set(sys.argv):
        traceback.print_exc()
    else:
        tell("camd: please report it; -v shows where it happened")
    sys.exit(BUG)


def _missing(error: ImportError) -> str:
    if "shared object" in str(error):  # the OpenCV wheel leaves libGL, X11 and glib to the system
        return f"{error}; on Debian or Ubuntu: sudo apt install libgl1 libglib2.0-0 libx11-6"
    return f"{error}; to install what camd needs: {paths.pip_install()}"


class _Commands(click.Group):
    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        source = Path(name).exists() or "://" in name or name.isdecimal()
        if source and self.get_command(ctx, name) is None:
            hint = f"camd run --device {shlex.quote(name)}"
            if Path(name).is_file():
                hint = f"camd read {shlex.quote(name)} (pictures), or {hint} (a video)"
            raise click.UsageError(f"{name!r} is no command; to read it: {hint}", ctx)
        return super().resolve_command(ctx, args)


class _Clip(click.Choice[str]):
    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if value not in self.choices:
            hint = f"camd run --device {shlex.quote(value)}"
            raise click.UsageError(f"{value!r} is no clip of camd's; to read it: {hint}", ctx)
        return super().convert(value, param, ctx)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="camd")
def cli() -> None:
    """Read handwritten digits from a camera, and publish them over MQTT."""


cli.add_command(doctor)
cli.add_command(health)
cli.add_command(service)
cli.add_command(config)
cli.add_command(train)
cli.add_command(learn)
cli.add_command(eval_model)
cli.add_command(calibrate)
cli.add_command(region)
cli.add_command(read)
cli.add_command(eval_)
cli.add_command(discovery)
cli.add_command(completion)


@cli.command(cls=SourceCommand)
@click.option("--device", help="Camera number or path, URL, video, image, folder, or demo.")
@config_file
@click.option("--name", help="Name of this camera, in its topics.")
@click.option(
    "--profile",
    type=click.Choice(sorted(PROFILES)),
    help="Settings for weak machines, such as a Raspberry Pi.",
)
@model_file
@click.option(
    "--broker", help="mqtt://[user@]host[:port], mqtts://, ws://, wss://, embedded, or none."
)
@click.option(
    "--window/--no-window", default=None, help="Show the overlay (if there is a display)."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a frame on stdout.")
@click.option("--frames", type=click.IntRange(min=1), help="Stop after so many frames.")
@click.option("--realtime", is_flag=True, help="Play a file at its own rate, as a camera would.")
@click.option("--loop", is_flag=True, help="Play a file again and again.")
@click.option(
    "--rotate",
    type=click.Choice(["0", "90", "180", "270"]),
    help="Turn the picture clockwise, degrees.",
)
@click.option("--mirror/--no-mirror", default=None, help="Swap left and right, as a mirror does.")
@click.option("--web/--no-web", default=None, help="Serve a page for browsers (extra web).")
@click.option("--segment-only", is_flag=True, help="Let camd workers classify, over MQTT.")
@verbose_log
def run(
    device: str | None,
    file: Path | None,
    name: str | None,
    profile: str | None,
    model: Path | None,
    broker: str | None,
    window: bool | None,
    as_json: bool,
    frames: int | None,
    realtime: bool,
    loop: bool,
    rotate: str | None,
    mirror: bool | None,
    web: bool | None,
    segment_only: bool,
    verbose: bool,
) -> None:
    """Read a camera (or a file) until it ends or Ctrl-C."""
    overrides: dict[KeyPath, Any] = {
        ("camera", "device"): device,
        ("camera", "rotate"): int(rotate) if rotate else None,
        ("camera", "mirror"): mirror,
        ("name",): name,
        ("profile",): profile,
        ("model", "file"): str(model) if model else None,
        ("overlay", "window"): window,
        ("web", "enabled"): web,
        **parse_broker(broker),
    }
    from camd.daemon.loop import Options  # noqa: PLC0415

    _run(
        lambda: load_config(file, overrides, verbose).settings,
        Options(
            realtime=realtime,
            loop=loop,
            frames=frames,
            json=as_json,
            segment_only=segment_only,
            config=file,
        ),
    )


@cli.command(cls=SourceCommand)
@click.argument("clip", type=_Clip(["sheets", "meter"]), default="sheets")
@click.option("--broker", default="embedded", show_default=True, help="See camd run --help.")
@click.option(
    "--window/--no-window", default=None, help="Show the overlay (if there is a display)."
)
@verbose_log
def demo(clip: str, broker: str, window: bool | None, verbose: bool) -> None:
    """Read a clip that ships with camd, and say how much of it was read right: sheets of paper, or
    a water meter whose camera is nudged and whose light goes out."""
    overrides: dict[KeyPath, Any] = {
        ("camera", "device"): "demo" if clip == "sheets" else "demo-meter",
        ("overlay", "window"): window,
        **parse_broker(broker),
    }
    from camd.daemon.loop import Options  # noqa: PLC0415
    from camd.evaluate import demo as sheets  # noqa: PLC0415
    from camd.evaluate import meter  # noqa: PLC0415

    def load() -> Settings:
        return load_config(None, overrides, verbose).settings

    score: sheets.DemoScore | meter.MeterScore
    if clip == "sheets":
        score = read = sheets.DemoScore(sheets.load_truth())
        observe = lambda number, result: read.observe(number, result.reading)  # noqa: E731
        _run(load, Options(realtime=True, observe=observe))
    else:
        truth = meter.load_truth()
        score = meter.MeterScore(truth)
        here = {"region": (truth.region,), "mask": ()}
        _run(lambda: load().model_copy(update=here), Options(realtime=True, observe=score.observe))
    tell(score.summary())


@cli.command()
@config_file
@model_file
@click.option("--broker", help="See camd run --help; it must support MQTT 5.")
@verbose_log
def worker(file: Path | None, model: Path | None, broker: str | None, verbose: bool) -> None:
    """Classify for cameras that run with --segment-only. Start as many workers as you like."""
    overrides: dict[KeyPath, Any] = {
        ("model", "file"): str(model) if model else None,
        **parse_broker(broker),
    }
    settings = load_config(file, overrides, verbose).settings
    from camd.workers import worker as workers  # noqa: PLC0415

    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    wait_while(lambda waited: waited < PATIENCE_S and not stop.is_set())
    workers.run(settings, stop)


def _run(load: Callable[[], Settings], options: Any) -> None:
    from camd.daemon import daemon  # noqa: PLC0415
    from camd.service.notify import Service  # noqa: PLC0415
    from camd.terminal import Printer  # noqa: PLC0415

    signals = daemon.Signals(threading.Event(), threading.Event())

    def on_signal(_number: int, _frame: Any) -> None:
        if signals.stop.is_set():  # asked twice: do not wait for a broker or a camera any longer
            os._exit(INTERRUPTED)
        signals.stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, on_signal)
    wait_while(lambda _: not signals.stop.is_set())
    # SIGHUP asks for a reload. But a terminal sends it when its window is closed, and nohup has it
    # ignored.
    reloads = hasattr(signal, "SIGHUP") and not sys.stdin.isatty()
    if reloads and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, lambda *_: signals.reload.set())
    printer = Printer(sys.stderr, live=sys.stderr.isatty() and not options.json)
    daemon.run(load, options, printer, signals, Service())
