"""PURE: the text of the systemd unit that is installed, from those in systemd/."""

NEEDS_SYSTEM = frozenset(
    {
        "After", "Wants", "DynamicUser", "SupplementaryGroups", "DevicePolicy", "DeviceAllow",
        "LoadCredential", "SetCredential", "CapabilityBoundingSet", "AmbientCapabilities",
        "PrivateNetwork", "PrivateUsers", "PrivateTmp", "PrivateIPC", "PrivateMounts", "RemoveIPC",
        "ProtectSystem", "ProtectHome", "ProtectProc", "ProcSubset", "ProtectClock",
        "ProtectHostname", "ProtectControlGroups", "ProtectKernelLogs", "ProtectKernelModules",
        "ProtectKernelTunables", "KeyringMode",
    }
)  # fmt: skip
"""What only root's systemd can do; a user's would refuse to start the unit, or ignore it."""


def render(template: str, command: str, *, user: bool) -> str:
    """Return `template` with the path of `command` in it, and for a user's own systemd without
    what that one cannot do."""
    text = template.replace("ExecStart=camd ", f"ExecStart={_quoted(command)} ")
    if not user:
        return text
    # Settings that only root's systemd knows go, and the reasons beside them go with them.
    lines: list[str] = []
    reason: list[str] = []
    for line in text.splitlines():
        if line.startswith("#"):
            reason.append(line)
            continue
        if line.partition("=")[0] not in NEEDS_SYSTEM:
            lines += [*reason, line]
        reason = []
    # Others of the user's programs share the home; only the paths and the target differ.
    text = "\n".join(lines) + "\n"
    text = text.replace("Environment=HOME=%S/camd-%i ", "Environment=")
    text = text.replace("Environment=HOME=%S/camd ", "Environment=")
    text = text.replace("--config /etc/camd/%i.toml", "--config %E/camd/%i.toml")
    return text.replace("WantedBy=multi-user.target", "WantedBy=default.target")


def _quoted(path: str) -> str:
    """Quote as systemd.service(5) has it, which expands % and $ too."""
    path = path.replace("%", "%%").replace("$", "$$")
    return '"' + path.replace("\\", "\\\\").replace('"', '\\"') + '"' if " " in path else path
