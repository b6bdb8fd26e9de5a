"""Linux video devices: which there are, and why one cannot be opened.

OpenCV never says more than "not opened", so the device file is asked first. The ioctl numbers are
those of linux/videodev2.h on x86, ARM and RISC-V.
"""

import contextlib
import errno
import fcntl
import os
import stat
import struct
from pathlib import Path

from camd.errors import SourceError

_QUERYCAP = 0x80685600  # _IOR('V', 0, struct v4l2_capability)
_REQBUFS = 0xC0145608  # _IOWR('V', 8, struct v4l2_requestbuffers)
_ENUM_FMT = 0xC0405602  # _IOWR("V", 2, struct v4l2_fmtdesc)
_CAPTURES = 0x00000001 | 0x00001000  # V4L2_CAP_VIDEO_CAPTURE, ..._MPLANE
_HAS_DEVICE_CAPS = 0x80000000

_REASONS = {
    errno.ENOENT: "missing",
    errno.ENODEV: "missing",
    errno.ENXIO: "missing",
    errno.EACCES: "permission",
    errno.EPERM: "permission",
    errno.EBUSY: "busy",
}


def check(node: str, name: str, dev: Path = Path("/dev")) -> str:
    """Return the camera's own name for a node that can be opened.

    `name` is what the user called it. Raises SourceError: missing, permission, busy, unreadable,
    failed."""
    try:
        fd = os.open(node, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as exc:
        reason = _REASONS.get(exc.errno or 0, "failed")
        text = {
            "missing": f"missing, no such camera; {cameras(dev)}",
            "permission": f"no permission; {_remedy(node)}",
            "busy": f"busy, {_held(node)}",
        }.get(reason, exc.strerror or "cannot be opened")
        raise SourceError(f"{name}: {text}", reason) from exc
    try:
        card = _card(fd)
    finally:
        os.close(fd)
    if card is None:
        raise SourceError(f"{name}: not a camera; {cameras(dev)}", "unreadable")
    return card


def refused(node: str, name: str) -> SourceError:
    """Return why OpenCV could not open a node that `check` found in order."""
    if _is_busy(node) or holder(node):
        return SourceError(f"{name}: busy, {_held(node)}", "busy")
    return SourceError(f"{name}: gives no video; it is in use or has no signal", "failed")


def cameras(dev: Path = Path("/dev")) -> str:
    """Say which cameras there are, with the names that survive replugging."""
    found = [", ".join(names) for names in nodes(dev)]
    return f"cameras here: {'; '.join(found)}" if found else "no cameras here"


def nodes(dev: Path = Path("/dev")) -> list[list[str]]:
    """Return the names of each camera; those after the first one survive replugging."""
    links: dict[str, list[str]] = {}
    for link in sorted((dev / "v4l" / "by-id").glob("*")):
        links.setdefault(os.path.realpath(link), []).append(str(link))
    found = sorted(dev.glob("video*[0-9]"), key=lambda n: (len(n.name), n.name))
    return [[str(node), *links.get(str(node), [])] for node in found if _may_capture(node)]


def _may_capture(node: Path) -> bool:
    try:
        fd = os.open(node, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return True  # busy or forbidden: it may be just the one wanted
    try:
        return _card(fd) is not None
    finally:
        os.close(fd)


def _card(fd: int) -> str | None:
    """Return the device's name, or None where it captures no video: many webcams have a second
    node for metadata, and Raspberry Pis have a dozen for their codecs."""
    answer = bytearray(104)
    try:
        fcntl.ioctl(fd, _QUERYCAP, answer)
    except OSError:
        return None
    _, card, _, _, capabilities, node_capabilities = struct.unpack_from("=16s32s32sIII", answer)
    if capabilities & _HAS_DEVICE_CAPS:
        capabilities = node_capabilities
    if not capabilities & _CAPTURES:
        return None
    return str(card.split(b"\0", 1)[0], "utf-8", "replace")


def _is_busy(node: str) -> bool:
    """Ask for zero buffers, which changes nothing: the kernel says EBUSY where another program
    has buffers."""
    try:
        fd = os.open(node, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as exc:
        return exc.errno == errno.EBUSY
    try:
        # count, V4L2_BUF_TYPE_VIDEO_CAPTURE, V4L2_MEMORY_MMAP, capabilities, flags
        fcntl.ioctl(fd, _REQBUFS, bytearray(struct.pack("=5I", 0, 1, 1, 0, 0)))
    except OSError as exc:
        return exc.errno == errno.EBUSY
    finally:
        os.close(fd)
    return False


def holder(node: str) -> tuple[int, str] | None:
    """Return PID and name of who holds the node, as far as this user may see other processes."""
    target = os.path.realpath(node)
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if any(os.path.realpath(fd) == target for fd in (process / "fd").iterdir()):
                command = (process / "comm").read_text(errors="replace").strip()
                return int(process.name), command
    return None


def _held(node: str) -> str:
    found = holder(node)
    return f"held by PID {found[0]} ({found[1]})" if found else "held by another program"


def _remedy(node: str) -> str:
    import grp  # noqa: PLC0415  # absent on Windows, where this module is never asked

    with contextlib.suppress(OSError, KeyError):
        status = Path(node).stat()
        group = grp.getgrgid(status.st_gid).gr_name
        if status.st_mode & stat.S_IRGRP and group != "root":
            return f"add yourself to its group: sudo usermod -aG {group} $USER, then log in again"
    return "its mode does not let you read it (ls -l)"


def formats(node: str) -> list[str]:
    """Return the pixel formats that a camera offers, as FourCC: "MJPG", "YUYV"; none where it
    cannot be asked."""
    found: list[str] = []
    try:
        fd = os.open(node, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return found
    try:
        for index in range(64):
            # index, V4L2_BUF_TYPE_VIDEO_CAPTURE; the kernel fills in flags, name and FourCC
            answer = bytearray(struct.pack("=2I56x", index, 1))
            fcntl.ioctl(fd, _ENUM_FMT, answer)
            # The highest bit of the last character says big-endian.
            name = bytes(byte & 0x7F for byte in answer[44:48]).decode().strip()
            found.append(name + "-BE" * (answer[47] >> 7))
    except OSError:  # EINVAL: no more
        pass
    finally:
        os.close(fd)
    return found
