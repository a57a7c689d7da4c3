"""The requests and answers of the HTTP interface.

A context, a dialogue and a reply may be whatever the scorer takes in Python, and are checked by the same code
(`pipelines.scoring.turns`), so that one message names the place and what was expected there. The schemas say it for
programs that make a client.
"""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, WithJsonSchema, create_model

from pipelines.errors import UserError
from pipelines.scoring.results import Score
from pipelines.scoring.server.settings import Limits
from pipelines.scoring.turns import ROLE_NAMES, context_turns, dialogue_turns, response_text, what_came


class Message(BaseModel):
    """No key that is not known."""

    model_config = ConfigDict(extra="forbid")


class Answer(BaseModel):
    """A score; see `pipelines.scoring.results.Score`. abstain: do not use it, for `reasons`."""

    empathy: float
    interval: tuple[float, float]
    coverage: float
    emotion: str
    emotions: dict[str, float]
    mechanisms: dict[str, "MechanismAnswer"]
    quality: float
    belonging: float
    occasion: float
    abstain: bool
    reasons: list[str]

    @classmethod
    def of(cls, score: Score) -> "Answer":
        return cls.model_validate(score.to_dict())


class MechanismAnswer(BaseModel):
    """level: 0 none, 1 weak, 2 strong; probabilities: of the three."""

    level: int
    probabilities: tuple[float, float, float]


class Answers(BaseModel):
    """One score for each reply, in their order."""

    scores: list[Answer]


class DialogueAnswer(BaseModel):
    """The listener's turns: their places, and the score of each."""

    turns: list[int]
    scores: list[Answer]
    mean: float


class Problem(BaseModel):
    """What was wrong with a request."""

    detail: str


def request_models(limits: Limits) -> tuple[type[BaseModel], type[BaseModel], type[BaseModel]]:
    """The bodies of score, candidates and dialogue. Their schemas state `limits`; `Checker` holds to them."""
    text: dict[str, Any] = {"type": "string", "maxLength": limits.text}
    turn = {
        "type": "object",
        "title": "Turn",
        "properties": {"role": {"type": "string", "enum": sorted(ROLE_NAMES)}, "text": text, "content": text},
        "required": ["role"],
    }
    texts = {"type": "array", "items": text, "maxItems": limits.turns}
    turns = {"type": "array", "items": turn, "maxItems": limits.turns}
    context: Any = Annotated[Any, WithJsonSchema({"anyOf": [text, texts, turns]})]
    dialogue: Any = Annotated[Any, WithJsonSchema({"anyOf": [texts, turns]})]
    reply: Any = Annotated[Any, WithJsonSchema(text)]
    replies: Any = Annotated[Any, WithJsonSchema(texts | {"minItems": 1, "maxItems": limits.candidates})]
    return (
        create_model("ScoreRequest", __base__=Message, context=(context, ...), response=(reply, ...)),
        create_model("CandidatesRequest", __base__=Message, context=(context, ...), responses=(replies, ...)),
        create_model("DialogueRequest", __base__=Message, dialogue=(dialogue, ...)),
    )


class Checker:
    """What a request holds, within the limits; else a UserError that names the place in the body."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits

    def context(self, value: Any) -> list[dict[str, str]]:
        """The turns before a reply."""
        self._few(value, "context", self.limits.turns, "turns")
        return self._short(_within_body(context_turns, value), "context")

    def dialogue(self, value: Any) -> list[dict[str, str]]:
        """The turns of a dialogue."""
        self._few(value, "dialogue", self.limits.turns, "turns")
        return self._short(_within_body(dialogue_turns, value), "dialogue")

    def reply(self, value: Any, name: str = "response") -> str:
        """A reply."""
        if not isinstance(value, str):
            raise UserError(f"body.{name}: expected a text, got {what_came(value)}")
        self._length(value, name)
        return str(_within_body(response_text, value))

    def replies(self, value: Any) -> list[str]:
        """Several replies."""
        if not isinstance(value, list) or not value:
            came = "an empty list" if value == [] else what_came(value)
            raise UserError(f"body.responses: expected a list of texts, got {came}")
        self._few(value, "responses", self.limits.candidates, "replies")
        return [self.reply(one, f"responses[{place}]") for place, one in enumerate(value)]

    def _few(self, value: Any, name: str, most: int, what: str) -> None:
        if isinstance(value, list) and len(value) > most:
            raise UserError(f"body.{name}: expected at most {most} {what}, got {len(value)}")

    def _short(self, turns: list[dict[str, str]], name: str) -> list[dict[str, str]]:
        self._few(turns, name, self.limits.turns, "turns")
        for place, turn in enumerate(turns):
            self._length(turn["text"], name if len(turns) == 1 else f"{name}[{place}]")
        return turns

    def _length(self, text: str, name: str) -> None:
        if len(text) > self.limits.text:
            raise UserError(f"body.{name}: expected at most {self.limits.text:,} characters, got {len(text):,}")


def _within_body(check: Any, value: Any) -> Any:
    try:
        return check(value)
    except UserError as error:
        raise UserError(f"body.{error}") from error
