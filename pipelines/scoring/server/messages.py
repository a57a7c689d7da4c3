"""The requests and answers of the HTTP interface."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, create_model

from pipelines.scoring.results import Score
from pipelines.scoring.server.settings import Limits

ROLE: Any = Literal["speaker", "listener"]


class Message(BaseModel):
    """No key that is not known, and no number taken for a text."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Answer(BaseModel):
    """A score; see `pipelines.scoring.results.Score`."""

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
    """The bodies of score, candidates and dialogue, within `limits`."""
    text = Annotated[str, StringConstraints(max_length=limits.text)]
    turn = create_model("Turn", __base__=Message, role=(ROLE, ...), text=(text, ...))
    turns = Annotated[list[text] | list[turn], Field(max_length=limits.turns)]  # type: ignore[valid-type]
    score = create_model("ScoreRequest", __base__=Message, context=(text | turns, ...), response=(text, ...))
    replies = Annotated[list[text], Field(min_length=1, max_length=limits.candidates)]
    candidates = create_model(
        "CandidatesRequest",
        __base__=Message,
        context=(text | turns, ...),
        responses=(replies, ...),
    )
    dialogue = create_model("DialogueRequest", __base__=Message, dialogue=(turns, ...))
    return score, candidates, dialogue
