"""What is served, and where: the page and its files, the API for programs, and what the page itself
asks for."""

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from functools import lru_cache, partial
from http import HTTPStatus
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from camd.config.edit import UnwritableError
from camd.config.settings import WebSettings
from camd.display import overlay
from camd.errors import CamdError, ConfigError
from camd.exposition import CONTENT_TYPE, render
from camd.web import answers, live, openapi, options, past, setup, values
from camd.web.access import SESSION_S, Access, cookie
from camd.web.changes import Changes, OutdatedError, Place, lines, lines_of
from camd.web.feed import Feed
from camd.web.guard import LOGIN, Guard, address
from camd.web.learning import Label, Learning
from camd.web.log_tail import LogTail
from camd.web.pictures import WIDTHS, Painter, Pictures

log = logging.getLogger(__name__)

_Made = TypeVar("_Made")

STATIC = Path(__file__).parent / "static"
LARGEST_BODY = 64 * 1024
"""Bytes of a request; a region of a hundred points has 5,000."""
BODY_S = 10.0
"""In which a request must be whole, seconds."""
LOOK_S = 0.2
"""How often it is looked whether something is new, seconds: as fast as a person reads a number."""
LONG_POLL_S = 10.0
"""Longest wait for a new picture before the page has to ask again; proxies give up after 30 or
more."""
SIGN_S = 2.0
"""Longest silence of the events, seconds: then a sign of life tells the page, and any proxy, that
camd is there."""
MOST_STREAMS = 50
"""Browsers that are told of events at once; each costs a little of the processor."""


class Site:
    """Used by the page's thread alone."""

    def __init__(
        self,
        settings: WebSettings,
        feed: Feed,
        access: Access,
        tail: LogTail,
        changes: Changes,
        learning: Learning,
        leaving: Callable[[], bool] = lambda: False,
    ) -> None:
        """`leaving` tells whether the server is to end: then nothing waits any longer."""
        self._feed = feed
        self._access = access
        self._tail = tail
        self._changes = changes
        self._learning = learning
        self._working = asyncio.Lock()
        self._leaving = leaving
        self._pictures = Pictures(feed)
        self._painter = Painter()
        self._streams = 0
        # Cookies know no ports: two camds on one machine have two names.
        self._cookie = f"camd_{settings.port}"
        self._path = settings.path
        self._told: tuple[float, str] = (-1.0, "")
        self._next = asyncio.Event()

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/", self._index),
                Mount("/static", StaticFiles(directory=STATIC)),
                Route("/api/readings", self._readings),
                Route("/api/regions", self._regions),
                Route("/api/health", self._health),
                Route("/api/snapshot.jpg", self._snapshot),
                Route("/api/region/set", self._set_value, methods=["POST"]),
                Route("/api/region/forget", self._forget_value, methods=["POST"]),
                Route("/api/history", self._history),
                Route("/api/history.csv", self._history_csv),
                Route("/api/openapi.json", self._openapi),
                Route("/metrics", self._metrics),
                Route(LOGIN, self._session),
                Route(LOGIN, self._log_in, methods=["POST"]),
                Route(LOGIN, self._log_out, methods=["DELETE"]),
                Route("/page/picture", self._picture),
                Route("/page/events", self._events),
                Route("/page/setup", self._known),
                Route("/page/setup/look", self._look, methods=["POST"]),
                Route("/page/setup/save", self._save, methods=["POST"]),
                Route("/page/setup/remove", self._remove, methods=["POST"]),
                Route("/page/setup/undo", self._undo, methods=["POST"]),
                Route("/page/setup/options", self._set_options, methods=["POST"]),
                Route("/page/setup/camera", self._camera, methods=["POST"]),
                Route("/page/setup/broker", self._broker, methods=["POST"]),
                Route("/page/learn", self._to_learn),
                Route("/page/learn/label", self._label, methods=["POST"]),
                Route("/page/learn/start", self._learn, methods=["POST"]),
                Route("/page/learn/back", self._unlearn, methods=["POST"]),
            ],
            middleware=[
                Middleware(Guard, access=self._access, path=self._path, cookie_name=self._cookie)
            ],
            exception_handlers={
                HTTPException: _problem,
                ValidationError: _malformed,
                CamdError: _refused,
                OSError: _unreadable,
                Exception: _bug,
            },
        )

    # The API.

    async def _readings(self, _: Request) -> Response:
        feed = self._feed
        live_now = not self._pictures.stale
        return JSONResponse(answers.readings(feed.settings, feed.result, feed.at, live=live_now))

    async def _regions(self, _: Request) -> Response:
        feed = self._feed
        live_now = not self._pictures.stale
        return JSONResponse(answers.regions(feed.settings, feed.result, feed.at, live=live_now))

    async def _health(self, _: Request) -> Response:
        state = self._feed.state
        if state is None:
            raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, "camd is starting")
        live_now = not self._pictures.stale
        return JSONResponse(answers.health(self._feed.settings, state, live=live_now))

    async def _snapshot(self, _: Request) -> Response:
        shot, state, settings = self._pictures.newest(), self._feed.state, self._feed.settings
        if shot is None or state is None:
            raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, "there is no picture")
        image = overlay.draw(
            shot.scene.frame.shown(),
            shot.scene.result,
            state.hud,
            details=settings.overlay.rejected,
            masks=settings.mask,
        )
        jpeg = overlay.encode_jpeg(image, settings.overlay.snapshot_quality)
        return Response(jpeg, media_type="image/jpeg")

    async def _history(self, request: Request) -> Response:
        settings = self._feed.settings
        asked = past.Range.of(request.query_params, settings, time.time())
        return JSONResponse(await self._apart(lambda: past.answer(settings, asked)))

    async def _history_csv(self, request: Request) -> Response:
        settings = self._feed.settings
        asked = past.Range.of(request.query_params, settings, time.time())
        text = await self._apart(lambda: past.table(settings, asked))
        name = f"{settings.name}-{asked.region}.csv"
        headers = {"content-disposition": f'attachment; filename="{name}"'}
        return Response(text, media_type="text/csv", headers=headers)

    async def _set_value(self, request: Request) -> Response:
        asked = answers.Setting.model_validate(await body(request))
        return JSONResponse(await values.obey(self._feed, asked.region, asked.value))

    async def _forget_value(self, request: Request) -> Response:
        asked = answers.Forgetting.model_validate(await body(request))
        return JSONResponse(await values.obey(self._feed, asked.region, None))

    async def _openapi(self, _: Request) -> Response:
        return JSONResponse(_document())

    async def _metrics(self, _: Request) -> Response:
        state = self._feed.state
        if state is None:
            raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, "camd is starting")
        return Response(render(self._feed.settings.name, state.health), media_type=CONTENT_TYPE)

    # The page.

    async def _index(self, _: Request) -> Response:
        return FileResponse(STATIC / "index.html", headers={"cache-control": "no-cache"})

    async def _session(self, request: Request) -> Response:
        client = address(request.scope)
        token = self._access.token(cookie(request.headers, self._cookie), client)
        return JSONResponse({"closed": self._access.closed_to(client), "token": token})

    async def _log_in(self, request: Request) -> Response:
        client = address(request.scope)
        given = (await body(request)).get("password")
        # No wait from here on: who asks a hundred times at once has no more guesses.
        if wait := self._access.wait_s(client):
            seconds = round(wait) + 1
            return JSONResponse(
                {"error": f"too many wrong passwords: wait {seconds} s"},
                HTTPStatus.TOO_MANY_REQUESTS,
                headers={"retry-after": str(seconds)},
            )
        if not self._access.closed:
            raise HTTPException(HTTPStatus.BAD_REQUEST, "there is no password to log in with")
        name = self._access.log_in(given, client) if isinstance(given, str) else None
        if name is None:
            log.warning("page: a wrong password from %s", client)
            raise HTTPException(HTTPStatus.UNAUTHORIZED, "this is not the password")
        answer = JSONResponse({"closed": True, "token": self._access.token(name, client)})
        # Without a path a browser takes the one that it sees, under whatever prefix of a proxy.
        answer.set_cookie(
            self._cookie,
            name,
            path=None,
            max_age=round(SESSION_S),
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )
        return answer

    async def _log_out(self, request: Request) -> Response:
        self._access.log_out(cookie(request.headers, self._cookie) or "")
        return JSONResponse({"closed": self._access.closed, "token": None})

    async def _picture(self, request: Request) -> Response:
        """Give the picture that follows the one the page has, and what is marked on it; nothing
        where none comes. A browser that is slow asks less often: pictures queue up nowhere."""
        had = request.query_params.get("after", "")
        width = _number(request.query_params.get("width", ""), WIDTHS[0])
        until = time.monotonic() + LONG_POLL_S
        while not self._leaving() and time.monotonic() < until:
            shot = self._pictures.newest()
            if shot is not None and had != live.label(shot.scene):
                found = await self._painter.paint(partial(shot.answer, width))
                kind = f"multipart/form-data; boundary={live.BOUNDARY}"
                return Response(found, media_type=kind)
            if await request.is_disconnected():
                break
            await self._following()
        return Response(status_code=HTTPStatus.NO_CONTENT)

    async def _following(self) -> None:
        """Wait for the next frame, or a while. A picture is made right after a frame was read, when
        the loop waits for a camera: later it would keep the next one waiting."""
        if self._feed.wake is None:
            loop, self._next = asyncio.get_running_loop(), asyncio.Event()
            came = self._next.set

            def wake() -> None:
                with suppress(RuntimeError):  # this server has ended
                    loop.call_soon_threadsafe(came)

            self._feed.wake = wake
        with suppress(TimeoutError):
            await asyncio.wait_for(self._next.wait(), LOOK_S)

    async def _events(self, _: Request) -> Response:
        if self._streams >= MOST_STREAMS:
            raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, "too many browsers are watching")
        headers = {"x-accel-buffering": "no"}  # nginx would keep them back
        return StreamingResponse(self._stream(), media_type="text/event-stream", headers=headers)

    async def _stream(self) -> AsyncIterator[str]:
        self._streams += 1
        try:
            said, line, quiet = "", 0, 0.0
            while not self._leaving():
                state = self._state()
                if state != said:
                    said, quiet = state, 0.0
                    yield state
                if lines := self._tail.after(line):
                    line, quiet = lines[-1].number, 0.0
                    yield live.event("log", live.log_lines(lines))
                if quiet >= SIGN_S:
                    quiet = 0.0
                    yield live.event("sign", None)
                quiet += LOOK_S
                await asyncio.sleep(LOOK_S)
        finally:
            self._streams -= 1

    def _state(self) -> str:
        """Return the state as an event, made once for all who are told."""
        now = time.monotonic()
        if now - self._told[0] >= LOOK_S / 2:
            found = live.state(self._feed, now, live=not self._pictures.stale)
            self._told = now, live.event("state", found)
        return self._told[1]

    # Setting up. What takes long is done in a thread of its own, one after the other: pictures go
    # on meanwhile, and the processor is left to the loop.

    async def _apart(self, work: Callable[[], _Made]) -> _Made:
        async with self._working:
            return await asyncio.to_thread(work)

    async def _known(self, _: Request) -> Response:
        return JSONResponse(await self._apart(lambda: setup.known(self._changes)))

    async def _look(self, request: Request) -> Response:
        drawing = setup.Drawing.model_validate(await body(request))
        return JSONResponse(await self._apart(lambda: setup.look(drawing, self._feed)))

    async def _save(self, request: Request) -> Response:
        asked = setup.Saving.model_validate(await body(request))
        sketch = asked.sketch
        if not sketch.done:
            raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, sketch.asks)
        place = Place(asked.kind, asked.name, sketch.outline, asked.options, asked.was)
        try:
            return await self._changed(lambda: self._changes.save(place, asked.version))
        except ConfigError as error:  # where camd may not write, a person may
            found = {"error": str(error), "lines": lines(place)}
            return JSONResponse(found, HTTPStatus.UNPROCESSABLE_ENTITY)

    async def _remove(self, request: Request) -> Response:
        asked = setup.Removal.model_validate(await body(request))
        return await self._changed(
            lambda: self._changes.remove(asked.kind, asked.name, asked.version)
        )

    async def _undo(self, request: Request) -> Response:
        asked = setup.Undo.model_validate(await body(request))
        return await self._changed(lambda: self._changes.undo(asked.version))

    async def _set_options(self, request: Request) -> Response:
        asked = options.Wanted.model_validate(await body(request))
        changes = self._changes

        def work() -> Response:
            values = options.wanted(asked, changes.config(), changes.started())
            try:
                if values:
                    changes.set(values, asked.version)
            except UnwritableError as error:
                found = {"error": str(error), "lines": lines_of(values)}
                return JSONResponse(found, HTTPStatus.UNPROCESSABLE_ENTITY)
            return JSONResponse(setup.known(changes))

        return await self._apart(work)

    async def _camera(self, _: Request) -> Response:
        """Look at the camera, as `camd doctor` does."""
        live_now = not self._pictures.stale
        return JSONResponse(await self._apart(lambda: setup.camera(self._feed, live=live_now)))

    async def _broker(self, _: Request) -> Response:
        """Try to reach the broker, as `camd doctor` does."""
        settings = self._feed.settings
        return JSONResponse(await self._apart(lambda: setup.broker(settings)))

    # Labelling and learning.

    async def _to_learn(self, _: Request) -> Response:
        settings, model = self._feed.settings, self._feed.model_id
        return JSONResponse(await self._apart(lambda: self._learning.known(settings, model)))

    async def _label(self, request: Request) -> Response:
        asked, settings = Label.model_validate(await body(request)), self._feed.settings
        if not await self._apart(lambda: self._learning.label(settings, asked)):
            raise HTTPException(HTTPStatus.NOT_FOUND, "this crop is gone")
        return JSONResponse({})

    async def _learn(self, _: Request) -> Response:
        settings = self._feed.settings
        await self._apart(lambda: self._learning.start(settings))
        return await self._to_learn(_)

    async def _unlearn(self, _: Request) -> Response:
        settings = self._feed.settings
        await self._apart(lambda: self._learning.back(settings))
        return await self._to_learn(_)

    async def _changed(self, change: Callable[[], None]) -> Response:
        def work() -> dict[str, Any]:
            change()
            return setup.known(self._changes)

        return JSONResponse(await self._apart(work))


async def body(request: Request) -> dict[str, Any]:
    """Return the JSON object that a request holds.

    Raises HTTPException where it holds something else, or too much, or comes too slowly."""

    async def read() -> bytes:
        parts, size = [], 0
        async for part in request.stream():
            size += len(part)
            if size > LARGEST_BODY:
                raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "the request is too long")
            parts.append(part)
        return b"".join(parts)

    if not request.headers.get("content-type", "").startswith("application/json"):
        raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "send application/json")
    try:
        found = json.loads(await asyncio.wait_for(read(), BODY_S))
    except TimeoutError:
        raise HTTPException(HTTPStatus.REQUEST_TIMEOUT, "the request came too slowly") from None
    except (ValueError, RecursionError):
        raise HTTPException(HTTPStatus.BAD_REQUEST, "this is no JSON") from None
    if not isinstance(found, dict):
        raise HTTPException(HTTPStatus.BAD_REQUEST, "this is no JSON object")
    return found


def _number(text: str, otherwise: int) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else otherwise


async def _problem(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    text = error.detail or HTTPStatus(error.status_code).phrase
    return JSONResponse({"error": text}, error.status_code, headers=error.headers)


async def _malformed(_: Request, error: Exception) -> Response:
    assert isinstance(error, ValidationError)
    said = [f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors()]
    return JSONResponse({"error": "; ".join(said[:5])}, HTTPStatus.UNPROCESSABLE_ENTITY)


async def _refused(_: Request, error: Exception) -> Response:
    outdated = isinstance(error, OutdatedError)
    status = HTTPStatus.CONFLICT if outdated else HTTPStatus.UNPROCESSABLE_ENTITY
    return JSONResponse({"error": str(error)}, status)


async def _unreadable(_: Request, error: Exception) -> Response:
    log.warning("page: %s", error)
    return JSONResponse({"error": str(error)}, HTTPStatus.SERVICE_UNAVAILABLE)


async def _bug(request: Request, error: Exception) -> Response:
    log.error("page: %s failed by a bug in camd", request.url.path, exc_info=error)
    text = "a bug in camd; its log says more"
    return JSONResponse({"error": text}, HTTPStatus.INTERNAL_SERVER_ERROR)


@lru_cache(1)
def _document() -> dict[str, Any]:
    return openapi.document()
