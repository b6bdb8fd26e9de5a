"""Stands before all that is served: refuses foreign names and sites, asks for the password, and
adds the headers that keep a browser from doing harm."""

import ipaddress
import logging
from http import HTTPStatus

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from camd.web.access import Access, cookie, same

log = logging.getLogger(__name__)

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:;"
    " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'self'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}
TOKEN = "x-camd-token"  # noqa: S105
"""The header in which the page sends its session's token with each change."""
SAFE = ("GET", "HEAD")
LOGIN = "/session"
"""Where a browser logs in: open to all, as are the page itself, which holds no data, and its files.
It lies beside the page, and not below it: a browser sends a cookie to what lies where it got it."""
DENIED = {
    HTTPStatus.MISDIRECTED_REQUEST: "this name is not one of this machine: call it by its address, "
    "or set web.hosts",
    HTTPStatus.FORBIDDEN: "this request does not come from the page: load it again",
    HTTPStatus.UNAUTHORIZED: "a password is needed",
}


class Guard:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp, access: Access, path: str, cookie_name: str) -> None:
        """`path`: what a proxy leaves before the path of a request; with slashes around it."""
        self._app = app
        self._access = access
        self._path = path
        self._cookie = cookie_name

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                headers.setdefault("cache-control", "no-store")
            await send(message)

        path = scope["path"]
        if self._path != "/" and path.startswith(self._path):
            scope = {**scope, "path": path[len(self._path) - 1 :]}
        denied = self._denied(scope)
        if denied is None:
            await self._app(scope, receive, marked)
            return
        retry = {}
        if denied is HTTPStatus.TOO_MANY_REQUESTS:
            retry["retry-after"] = str(round(self._access.wait_s(address(scope))) + 1)
        text = DENIED.get(denied, "too many wrong passwords: wait a minute")
        answer = JSONResponse({"error": text}, denied, headers=retry)
        await answer(scope, receive, marked)

    def _denied(self, scope: Scope) -> HTTPStatus | None:
        headers = Headers(scope=scope)
        hosts, who = headers.getlist("host"), address(scope)
        # A trusted proxy asks for its own cookie, which no foreign name gets.
        known = len(hosts) == 1 and (self._access.trusts(who) or self._access.answers_to(hosts[0]))
        if not known:
            return HTTPStatus.MISDIRECTED_REQUEST
        path, changes = scope["path"], scope["method"] not in SAFE
        if changes and not self._access.from_here(headers.get("origin"), hosts[0]):
            return HTTPStatus.FORBIDDEN
        if path in ("/", LOGIN) or path.startswith("/static/"):
            return None
        basic = headers.get("authorization")
        if basic is not None and self._access.closed_to(who):
            if self._access.knows(basic, who):
                return None
            if self._access.wait_s(who):
                return HTTPStatus.TOO_MANY_REQUESTS
            return HTTPStatus.UNAUTHORIZED
        token = self._access.token(cookie(headers, self._cookie), who)
        if token is None:
            return HTTPStatus.UNAUTHORIZED
        if changes and not same(headers.get(TOKEN), token):
            return HTTPStatus.FORBIDDEN
        return None


def address(scope: Scope) -> str:
    """Return the address of whoever asks; one that IPv6 writes around that of IPv4 is the same."""
    client = scope.get("client")
    text = str(client[0]) if client else ""
    try:
        parsed = ipaddress.ip_address(text)
    except ValueError:
        return text
    mapped = getattr(parsed, "ipv4_mapped", None)
    return str(mapped or parsed)
