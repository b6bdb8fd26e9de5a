#!/usr/bin/env python3
"""Makes an environment smaller where its wheels bring the same shared libraries, for the
Containerfile:

    share_libraries.py SITE-PACKAGES

Each wheel brings the libraries that it needs, under names of its own: OpenCV and PyAV an FFmpeg
each. All are moved into one folder. Of one library with one binary interface, which the number
after .so. stands for, the newest is kept, and the others become links to it. What only encodes
video, and OpenCV's OpenBLAS, give way to something smaller. What nobody needs then is removed. In
the end all symbols must be found: else this fails. Needs binutils, and Debian's liblapack3.
"""

import platform
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

NAME = re.compile(r"(lib[\w+]+?)(?:-[0-9a-f]{8})+\.so\.((\d+)[\d.]*)$")
"""As auditwheel names them: with hashes, so that nobody's library is mistaken for another's."""
ENCODERS = ("libx265", "libSvtAv1Enc")
"""What FFmpeg is linked to for encoding alone: 28 MB. camd only decodes."""
NOTHING = {"x86_64": "xorl %eax, %eax\nret", "aarch64": "mov x0, #0\nret"}
"""Returns 0, an answer to FFmpeg, which asks encoders what they can do when it lists its codecs."""
FOLDER = "shared.libs"
LAPACK = "lapack/liblapack.so.3"
"""Debian's, which knows Debian's BLAS. OpenCV solves systems of a few equations with it: there
OpenBLAS is not faster."""


def gather(site: Path) -> Path:
    """Move the libraries of all wheels into one folder, where they find each other; the wheels find
    them by links."""
    folder = site / FOLDER
    folder.mkdir()
    for libs in sorted(site.glob("*.libs")):
        if libs != folder:
            for library in libs.iterdir():
                if (folder / library.name).exists():  # the same one, by its hash
                    library.unlink()
                else:
                    library.rename(folder / library.name)
            libs.rmdir()
            libs.symlink_to(FOLDER)
    return folder


def share(folder: Path) -> None:
    same = defaultdict(list)
    for library in sorted(folder.iterdir()):
        if found := NAME.match(library.name):
            version = [int(part) for part in found[2].split(".")]
            # Of the same version, the one that needs fewer others.
            same[found[1], found[3]].append((version, -len(needed(library)), library))
    for group in same.values():
        kept = max(group)[-1]
        for *_, library in group:
            if library is not kept:
                link(library, Path(kept.name))


def link(library: Path, target: Path) -> None:
    library.unlink()
    library.symlink_to(target)


def leave_out_encoders(folder: Path) -> None:
    """Put libraries in their place whose functions, which must be there, do nothing."""
    text, empty = folder / "empty.s", folder / "empty.o"
    for library in sorted(folder.iterdir()):
        if library.name.startswith(ENCODERS):
            defined = run("nm", "--dynamic", "--defined-only", "--format=just-symbols", library)
            names = sorted({name.partition("@")[0] for name in defined.split()})
            lines = [f".globl {name}\n.type {name}, %function\n{name}:\n" for name in names]
            text.write_text(f".text\n{''.join(lines)}{NOTHING[platform.machine()]}\n")
            run("as", "-o", empty, text)
            run("ld", "-shared", "-soname", library.name, "-o", library, empty)
    text.unlink(missing_ok=True)
    empty.unlink(missing_ok=True)


def take_lapack_of_debian(folder: Path) -> None:
    (debian,) = (path.parents[1] for path in Path("/usr/lib").glob(f"*/{LAPACK}"))
    for library in folder.glob("libopenblas*"):
        link(library, debian / LAPACK)
    # It has brought these: newer ones than those of the wheels.
    for name in ("libgfortran", "libquadmath"):  # ARM has no libquadmath
        for own in debian.glob(f"{name}.so.?"):
            for library in folder.glob(f"{name}-*.so{own.suffix}.*"):
                link(library, own)


def needed(file: Path) -> list[str]:
    return re.findall(r"\(NEEDED\).*\[(.+)\]", run("readelf", "--dynamic", "--wide", file))


def remove_unneeded(site: Path, folder: Path) -> None:
    ahead = modules(site)
    seen: set[Path] = set()
    while ahead:
        for name in needed(ahead.pop()):
            library = folder / name
            if library.exists() and library not in seen:
                seen |= {library, library.resolve()}
                ahead.append(library)
    for library in folder.iterdir():
        if library not in seen:
            library.unlink()


def modules(site: Path) -> list[Path]:
    """Return the files that Python loads."""
    return [file for file in site.rglob("*.so") if not file.parent.name.endswith(".libs")]


def check(site: Path) -> None:
    wrong = set()
    for file in modules(site):
        for line in run("ldd", "-r", file).splitlines():
            missing = re.match(r"undefined symbol: (\w+)", line)
            # Python itself is not loaded here.
            if missing and not missing[1].startswith(("Py", "_Py")):
                wrong.add(f"{file}: {missing[1]} is missing")
            if "not found" in line:
                wrong.add(f"{file}: {line.strip()}")
    if wrong:
        sys.exit("\n".join(sorted(wrong)))


def run(*command: str | Path) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{command[0]}: {done.stderr}")
    return done.stdout + done.stderr


def main(site: Path) -> None:
    folder = gather(site)
    share(folder)
    leave_out_encoders(folder)
    take_lapack_of_debian(folder)
    remove_unneeded(site, folder)
    check(site)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
