"""A camera that gives one JPEG a request: it is asked again and again. And the choice between such
an address and a stream, which only an answer tells."""

import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from http.client import HTTPException
from typing import Any

import numpy as np

from camd import address
from camd.address import Address
from camd.config.settings import CameraSettings
from camd.errors import SourceError
from camd.sources.base import CorruptFrameError, Opened
from camd.sources.delegate import Delegate
from camd.sources.jpeg import START, Jpeg
from camd.sources.muffle import muffled
from camd.sources.reach import Lookup
from camd.sources.stream import Stream
from camd.values import Image

MOST_BYTES = 50_000_000
"""Bytes of the largest picture taken from a stranger: a JPEG of 40 megapixels has some 20 million.
"""
BLOCK = 65_536
"""Bytes read at a time: so often the time limit is looked at."""


class Snapshots:
    """Each `read` asks for a picture. How often, the caller decides: see `Opened.polled`."""

    live = True

    def __init__(self, where: Address, settings: CameraSettings) -> None:
        self.name = where.shown()
        self.grabbed = 0.0
        self.time: float | None = None
        self.colour: Callable[[], Image] | None = None
        self._url = replace(where, user=None, password=None).url()
        self._timeout_s = settings.timeout_s
        self._lookup = Lookup(where.host, where.usual_port)
        self._opener = _opener(where, self._url)
        self._first: Image | None = None
        self._open = False

    def gives_pictures(self) -> bool | None:
        """Ask, and tell whether the answer is one picture and no stream; None: no answer."""
        try:
            with closing(self._answer()) as answer:
                named = answer.headers.get("Content-Type") is not None
                kind = answer.headers.get_content_type() if named else ""
                if kind == "image/jpeg":
                    return True
                if kind.startswith(("multipart/", "video/", "audio/", "text/")):
                    return False
                whole = answer.headers.get("Content-Length") is not None
                return whole and answer.read(len(START)) == START
        except SourceError:
            return None

    def open(self) -> Opened:
        """Raises SourceError: missing (nothing answers), failed (it refuses, or gives none)."""
        self._open = True
        try:
            self._first = self._ask()
        except CorruptFrameError as exc:
            raise SourceError(f"{self.name}: gives no picture that can be read: {exc}") from exc
        height, width = self._first.shape[:2]
        return Opened(width, height, 0.0, "one picture a request", polled=True)

    def read(self) -> Image:
        """Raises CorruptFrameError, SourceError. May block for `timeout_s`."""
        if not self._open:
            raise SourceError(f"{self.name}: read before it was opened")
        first, self._first = self._first, None
        return self._ask() if first is None else first

    def label(self) -> str:
        return self.name

    def close(self) -> None:
        self._open = False
        self._first = None

    def _ask(self) -> Image:
        deadline = time.monotonic() + self._timeout_s
        data = b""
        with closing(self._answer()) as answer:
            try:
                while block := answer.read(BLOCK):
                    data += block
                    if len(data) > MOST_BYTES:
                        raise SourceError(f"{self.name}: gives no end of a picture", "unreadable")
                    if time.monotonic() > deadline:
                        raise SourceError(f"{self.name}: its picture takes too long")
            except (OSError, HTTPException) as exc:
                raise SourceError(f"{self.name}: the picture broke off") from exc
        self.grabbed = time.monotonic()
        with muffled() as complaints:
            picture = Jpeg(np.frombuffer(data, np.uint8))
            picture.grey()
        if complaints:
            raise CorruptFrameError(f"{self.name}: {complaints[0]}")
        return picture.colour()

    def _answer(self) -> Any:
        """Return the answer to a request. Raises SourceError."""
        try:
            self._lookup.places(self._timeout_s)
            return self._opener.open(self._url, timeout=self._timeout_s)
        except urllib.error.HTTPError as exc:
            raise SourceError(
                f"{self.name}: answers {exc.code}; check its path, user name and password"
            ) from None
        except (OSError, HTTPException, ValueError) as exc:
            why = getattr(exc, "reason", None) or getattr(exc, "strerror", None)
            raise SourceError(
                f"{self.name}: no answer: {why or type(exc).__name__}", "missing"
            ) from None


class Http(Delegate):
    """An address with http:// or https://: a stream, or one picture a request."""

    def __init__(self, uri: str, settings: CameraSettings) -> None:
        """Raises SourceError (missing) where `uri` is no address."""
        super().__init__(Stream(uri, settings))
        self._snapshots = Snapshots(address.parse(uri, address.CAMERA), settings)
        self._known = False

    def open(self) -> Opened:
        if not self._known:
            # Before FFmpeg is: of one picture it makes a stream that breaks off at once.
            pictures = self._snapshots.gives_pictures()
            self._known = pictures is not None
            if pictures:
                self._source = self._snapshots
        return self._source.open()


def _opener(where: Address, url: str) -> urllib.request.OpenerDirector:
    """Return what asks with the user and password of the address, as the camera wants them."""
    # Cameras sign their own certificates, and FFmpeg checks none either.
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    logins = urllib.request.HTTPPasswordMgrWithDefaultRealm()
    if where.user is not None:
        logins.add_password(None, url, where.user, where.password or "")
    return urllib.request.build_opener(
        urllib.request.HTTPSHandler(context=context),
        urllib.request.HTTPDigestAuthHandler(logins),
        urllib.request.HTTPBasicAuthHandler(logins),
    )
