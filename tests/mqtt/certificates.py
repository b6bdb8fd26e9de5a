"""An authority that signs what a test needs."""

import shutil
import subprocess
from pathlib import Path

import pytest

_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]


class Authority:
    """Files lie in `folder`: ca.pem, and <name>.pem with <name>.key for each one issued."""

    def __init__(self, folder: Path) -> None:
        if shutil.which("openssl") is None:
            pytest.skip("openssl is not installed")
        self.folder = folder
        self.ca = folder / "ca.pem"
        self._openssl(
            "req", "-x509", *_KEY, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=CA"
        )

    def issue(self, name: str, host: str = "IP:127.0.0.1", days: int = 30) -> Path:
        """Return a certificate for `host`; negative `days` make an expired one."""
        files = {"key": f"{name}.key", "request": f"{name}.csr", "names": f"{name}.ext"}
        (self.folder / files["names"]).write_text(f"subjectAltName={host}\n")
        keys = [*_KEY, "-keyout", files["key"], "-out", files["request"]]
        self._openssl("req", *keys, "-subj", f"/CN={name}")
        signing = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", str(days)]
        made = ["-in", files["request"], "-extfile", files["names"], "-out", f"{name}.pem"]
        self._openssl("x509", "-req", *signing, *made)
        return self.folder / f"{name}.pem"

    def listener(self, certificate: Path) -> str:
        """Return the lines of mosquitto's configuration that use `certificate`."""
        key = certificate.with_suffix(".key")
        return f"allow_anonymous true\ncertfile {certificate}\nkeyfile {key}\n"

    def _openssl(self, *words: str) -> None:
        subprocess.run(["openssl", *words], cwd=self.folder, check=True, capture_output=True)
