"""The HTTP interface: score, candidates, dialogue, health and metrics."""

import hmac
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from pipelines.errors import UserError
from pipelines.scoring.reader import Row, pair_row
from pipelines.scoring.results import Score
from pipelines.scoring.scorer import EmpathyScorer
from pipelines.scoring.server.batcher import Batcher, QueueFullError, StoppingError
from pipelines.scoring.server.body_limit import BodyLimit
from pipelines.scoring.server.messages import Answer, Answers, DialogueAnswer, Problem, request_models
from pipelines.scoring.server.metrics import Metrics
from pipelines.scoring.server.settings import ServerSettings
from pipelines.scoring.turns import context_turns, dialogue_turns, listener_places, response_text

OPEN_PATHS = ("/health",)  # without an API key
RETRY_SECONDS = "1"
PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "description": text}
    for status, text in {
        401: "no API key, or a wrong one",
        413: "the body is too large",
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

    app = FastAPI(
        title="Empathy scorer",
        description="How empathic a reply is in its context, from 1 to 5, with an interval, the speaker's emotion and "
        "the reply's mechanisms.",
        version=str(scorer.checkpoint.described["schema_version"]),
        lifespan=lifespan,
    )
    app.state.closing = False  # set by DrainingServer
    app.add_middleware(BodyLimit, largest=limits.body)
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
        if settings.api_key is not None and path not in OPEN_PATHS and not _has_key(request, settings.api_key):
            response: Response = JSONResponse({"detail": "expected the API key in the header X-API-Key"}, 401)
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
        found = error.errors()
        where = ".".join(str(part) for part in found[0]["loc"])
        return JSONResponse({"detail": _printable(f"{where}: {found[0]['msg']}")}, 422)

    @app.exception_handler(UserError)
    async def wrong(_: Request, error: UserError) -> JSONResponse:
        return JSONResponse({"detail": _printable(str(error))}, 422)

    @app.post("/v1/score", responses=PROBLEMS)
    async def score(body: score_request) -> Answer:  # type: ignore[valid-type]
        """Score one reply in its context."""
        given = body.model_dump()  # type: ignore[attr-defined]
        row = pair_row(context_turns(given["context"]), response_text(given["response"]))
        return Answer.of((await scored([row]))[0])

    @app.post("/v1/candidates", responses=PROBLEMS)
    async def candidates(body: candidates_request) -> Answers:  # type: ignore[valid-type]
        """Score several replies to one context."""
        given = body.model_dump()  # type: ignore[attr-defined]
        turns = context_turns(given["context"])
        found = await scored([pair_row(turns, response_text(reply)) for reply in given["responses"]])
        return Answers(scores=[Answer.of(one) for one in found])

    @app.post("/v1/dialogue", responses=PROBLEMS)
    async def dialogue(body: dialogue_request) -> DialogueAnswer:  # type: ignore[valid-type]
        """Score every turn of the listener's."""
        turns = dialogue_turns(body.model_dump()["dialogue"])  # type: ignore[attr-defined]
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

    return app


def _has_key(request: Request, key: str) -> bool:
    given = request.headers.get("x-api-key", "")
    return hmac.compare_digest(given.encode("utf-8", "replace"), key.encode())


def _printable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()[:500]
