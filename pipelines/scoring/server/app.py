"""The HTTP interface: score, candidates, dialogue, health and metrics."""

import hmac
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, HTTPException, Request, Response, Security
from fastapi.exceptions import RequestValidationError
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import JSONResponse
from fastapi.security import APIKeyHeader
from fastapi_offline import FastAPIOffline
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from pipelines.errors import UserError
from pipelines.scoring.reader import Row, pair_row
from pipelines.scoring.results import Score
from pipelines.scoring.scorer import EmpathyScorer
from pipelines.scoring.server.batcher import Batcher, QueueFullError, StoppingError
from pipelines.scoring.server.guards import BodyLimit, HeadAsGet
from pipelines.scoring.server.messages import Answer, Answers, Checker, DialogueAnswer, Problem, request_models
from pipelines.scoring.server.metrics import Metrics
from pipelines.scoring.server.settings import KEY_HEADER, ServerSettings
from pipelines.scoring.turns import listener_places

ASSETS = "/docs/assets"  # of the page, from a package: it needs no internet
# Without an API key: whether the server is there, and what the interface is, so that the page can ask for the key.
OPEN_PATHS = ("/health", "/docs", "/openapi.json", "/docs/oauth2-redirect")
RETRY_SECONDS = "1"
PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "description": text}
    for status, text in {
        400: "the body cannot be read",
        401: "no API key, or a wrong one",
        413: "the body is too large",
        422: "the body is not what was expected; the place and what was expected there",
        429: "too many pairs wait; try again",
        503: "the server stops",
    }.items()
}


def make_app(scorer: EmpathyScorer, settings: ServerSettings) -> FastAPI:
    """The application; its scorer is used by one thread."""
    limits = settings.limits
    batcher = Batcher(scorer.score_rows, limits.queue, lambda size: metrics.batches.observe(size))
    metrics = Metrics(lambda: batcher.waiting)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        scorer.score("Hello.", "Hi!")  # the first call is slow
        batcher.start()
        yield
        await batcher.stop()

    limits_told = (
        f"Limits: a text {limits.text:,} characters, a context or dialogue {limits.turns} turns, {limits.candidates} "
        f"replies, a body {limits.body:,} bytes, {limits.queue} pairs that wait."
    )
    app: FastAPI = FastAPIOffline(
        redoc_url=None,
        static_url=ASSETS,
        title="Empathy scorer",
        description="How empathic a reply is in its context, from 1 to 5, with an interval, the speaker's emotion and "
        f"the reply's mechanisms. {limits_told}",
        version=str(scorer.checkpoint.described["schema_version"]),
        lifespan=lifespan,
        dependencies=[] if settings.api_key is None else [Security(APIKeyHeader(name=KEY_HEADER, auto_error=False))],
    )
    app.state.closing = False  # set by DrainingServer
    app.add_middleware(BodyLimit, largest=limits.body)
    app.add_middleware(HeadAsGet)
    checker = Checker(limits)
    score_request, candidates_request, dialogue_request = request_models(limits)

    async def scored(rows: Sequence[Row]) -> list[Score]:
        try:
            found = await batcher.score(rows)
        except QueueFullError as error:
            raise HTTPException(429, "too many pairs wait; try again", {"Retry-After": RETRY_SECONDS}) from error
        except StoppingError as error:
            raise HTTPException(503, "the server stops", {"Retry-After": RETRY_SECONDS}) from error
        metrics.abstained.inc(sum(score.abstain for score in found))
        return found

    @app.middleware("http")
    async def watch(request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
        started = time.perf_counter()
        path = request.url.path
        is_open = path in OPEN_PATHS or path.startswith(f"{ASSETS}/")
        if settings.api_key is not None and not is_open and not _has_key(request, settings.api_key):
            response: Response = JSONResponse({"detail": f"expected the API key in the header {KEY_HEADER}"}, 401)
        else:
            response = await answer(request)
        if app.state.closing:
            response.headers["Connection"] = "close"
        known = path if any(getattr(route, "path", None) == path for route in app.routes) else "other"
        metrics.requests.labels(known, str(response.status_code)).inc()
        metrics.seconds.labels(known).observe(time.perf_counter() - started)
        return response

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        """Says where and what, and not the input again: it may be long, or no text that JSON can carry."""
        return JSONResponse({"detail": _printable(_told(error.errors()[0]))}, 422)

    @app.exception_handler(UserError)
    async def wrong(_: Request, error: UserError) -> JSONResponse:
        return JSONResponse({"detail": _printable(str(error))}, 422)

    @app.post("/v1/score", responses=PROBLEMS)
    async def score(body: score_request) -> Answer:  # type: ignore[valid-type]
        """Score one reply in its context."""
        given = body.model_dump()  # type: ignore[attr-defined]
        row = pair_row(checker.context(given["context"]), checker.reply(given["response"]))
        return Answer.of((await scored([row]))[0])

    @app.post("/v1/candidates", responses=PROBLEMS)
    async def candidates(body: candidates_request) -> Answers:  # type: ignore[valid-type]
        """Score several replies to one context."""
        given = body.model_dump()  # type: ignore[attr-defined]
        turns = checker.context(given["context"])
        found = await scored([pair_row(turns, reply) for reply in checker.replies(given["responses"])])
        return Answers(scores=[Answer.of(one) for one in found])

    @app.post("/v1/dialogue", responses=PROBLEMS)
    async def dialogue(body: dialogue_request) -> DialogueAnswer:  # type: ignore[valid-type]
        """Score every turn of the listener's."""
        turns = checker.dialogue(body.model_dump()["dialogue"])  # type: ignore[attr-defined]
        places = listener_places(turns)
        found = await scored([pair_row(turns[:place], turns[place]["text"]) for place in places])
        mean = sum(one.empathy for one in found) / len(found)
        return DialogueAnswer(turns=list(places), scores=[Answer.of(one) for one in found], mean=mean)

    @app.get("/health")
    async def health() -> dict[str, str]:
        """Whether the scorer answers."""
        return {"status": "ok"}

    @app.get("/metrics", include_in_schema=False)
    async def prometheus() -> Response:
        return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)

    if settings.cors:  # the last one added is the first one asked: a browser's preflight brings no key
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(settings.cors),
            allow_methods=["GET", "HEAD", "POST"],
            allow_headers=["content-type", KEY_HEADER],
        )
    return app


def _told(error: Mapping[str, Any]) -> str:
    """Where a body is wrong, and what was expected there."""
    where = ".".join(str(part) for part in error["loc"])
    if error["type"] == "json_invalid":
        place = error["loc"][-1]
        return f"body: expected JSON, it cannot be read from character {place} on: {error['ctx']['error']}"
    if error["type"] == "missing":
        return (
            f"{where}: expected this field, there is none" if len(error["loc"]) > 1 else "body: expected JSON, got none"
        )
    if error["type"] == "extra_forbidden":
        return f"{where}: expected no field of this name"
    return f"{where}: expected a JSON object with the header content-type: application/json ({error['msg']})"


def _has_key(request: Request, key: str) -> bool:
    given = request.headers.get(KEY_HEADER, "")
    return hmac.compare_digest(given.encode("utf-8", "replace"), key.encode())


def _printable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()[:500]
