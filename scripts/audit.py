"""Is requirements.lock in order, and is anything known against what it installs?

    scripts/audit [PIP-AUDIT-OPTION...]

The package index is asked whether each package is still there under its hash, not withdrawn, and
none missing; advisory services, through pip-audit, whether a vulnerability is known. Exit status:
0 all is well; 1 something is wrong; 69 nothing is, but no service told of some of the packages.
"""

import json
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
LOCK = ROOT / "requirements.lock"
SERVICES = (("-s", "pypi"), ("-s", "osv"))
"""Asked in this order, the later ones only about what the earlier did not know."""
PATIENCE_S = 300
WRONG, UNAVAILABLE = 1, 69


def locked(text: str) -> tuple[dict[str, str], list[str]]:
    """Return the version of each package that the lock file `text` pins, and what is wrong with
    its entries."""
    versions: dict[str, str] = {}
    problems: list[str] = []
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    for entry in "\n".join(lines).replace("\\\n", " ").splitlines():
        words = entry.split()
        if not words:
            continue
        try:
            wanted = Requirement(" ".join(w for w in words if not w.startswith("--hash=")))
        except InvalidRequirement:
            problems.append(f"not a requirement: {entry.strip()}")
            continue
        pins = [s.version for s in wanted.specifier if s.operator == "=="]
        if len(pins) != 1 or len(wanted.specifier) != 1 or "*" in pins[0]:
            problems.append(f"{wanted.name}: not one version")
        elif not any(word.startswith("--hash=sha256:") for word in words):
            problems.append(f"{wanted.name}: no hash")
        else:
            versions[canonicalize_name(wanted.name)] = pins[0]
    return versions, problems


def disagreements(dependencies: Sequence[str], versions: Mapping[str, str]) -> Iterator[str]:
    """Say which of pyproject.toml's `dependencies` the lock does not fulfil."""
    for text in dependencies:
        wanted = Requirement(text)
        version = versions.get(canonicalize_name(wanted.name))
        if version is None:
            yield f"{wanted.name}: in pyproject.toml, and not in the lock"
        elif version not in wanted.specifier:
            yield f"{wanted.name}: pyproject.toml wants {wanted.specifier}, the lock has {version}"


def refused(lock: Path) -> str:
    """Have pip go through an installation from the lock; return what it objects to."""
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    pip += ["--dry-run", "--ignore-installed", "--only-binary", ":all:", "--require-hashes"]
    done = subprocess.run(
        [*pip, "--requirement", lock], capture_output=True, text=True, check=False
    )
    if done.returncode or "yanked" in done.stderr:
        return done.stderr.strip()
    return ""


def known(lock: Path, options: Sequence[str]) -> dict[str, list[str]]:
    """Return the vulnerabilities of each package that a service knows; none of the others.

    pip-audit says "no known vulnerabilities" of packages too that its service has never heard of,
    and ends with the same status where it found one and where nobody answered."""
    command = [sys.executable, "-m", "pip_audit", "--requirement", str(lock), "--require-hashes"]
    command += ["--disable-pip", "--format", "json", "--progress-spinner", "off", *options]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=PATIENCE_S
        )
        found = json.loads(done.stdout)["dependencies"]
    except (subprocess.TimeoutExpired, ValueError):
        return {}
    return {
        canonicalize_name(item["name"]): [_named(flaw) for flaw in item["vulns"]]
        for item in found
        if "skip_reason" not in item
    }


def _named(flaw: Mapping[str, list[str]]) -> str:
    names = ", ".join([str(flaw["id"]), *flaw["aliases"]])
    return f"{names}; mended in {', '.join(flaw['fix_versions']) or 'no version'}"


def main(options: Sequence[str]) -> int:
    versions, problems = locked(LOCK.read_text(encoding="utf-8"))
    with (ROOT / "pyproject.toml").open("rb") as file:
        problems += disagreements(tomllib.load(file)["project"]["dependencies"], versions)
    if not problems and (objection := refused(LOCK)):
        problems.append(objection)
    if not problems:
        _say(f"requirements.lock: {len(versions)} packages, each to be had under its hash")
    told: dict[str, list[str]] = {}
    for service in [()] if {"-s", "--vulnerability-service"} & {*options} else SERVICES:
        if versions.keys() - told.keys():
            told = known(LOCK, [*service, *options]) | told
    problems += [f"{name} {versions[name]}: {v}" for name, found in told.items() for v in found]
    for problem in problems:
        _say(f"wrong: {problem}")
    unknown = sorted(versions.keys() - told.keys())
    if unknown:
        _say(f"not known to be sound, for no advisory service told: {_listed(unknown)}")
    elif not problems:
        _say("no vulnerability of any of them is known")
    if problems:
        return WRONG
    return UNAVAILABLE if unknown else 0


def _listed(names: Sequence[str]) -> str:
    few = ", ".join(names[:3])
    return few if len(names) <= 3 else f"{few} and {len(names) - 3} more"


def _say(text: str) -> None:
    sys.stdout.write(f"audit: {text}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
