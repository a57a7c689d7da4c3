"""When to abstain: what a text is that should not be scored, and pairs far from what was trained on."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch

from modeling.views import FULL_DIALOGUE, RESPONSE
from pipelines.data.dialogue import is_missing
from pipelines.scoring.language import other_language

# How the reasons begin. What was found, and on which side, follows after a colon.
EMPTY_CONTEXT = "the context is empty"
EMPTY_RESPONSE = "the reply is empty"
EMPTY = (EMPTY_CONTEXT, EMPTY_RESPONSE)  # nothing else is said of such a pair
NO_TEXT = "no text"
OTHER_LANGUAGE = "other language"
EXPORT = "looks like an export"
UNKNOWN_TOKENS = "unknown tokens"
TRUNCATED = "truncated"
FAR = "the text is far from the dialogues that the model was trained on"

GONE = frozenset({"undefined", "[deleted]", "[removed]"})  # the whole of a text that was there once
_DAY = r"\d{1,4}[./-]\d{1,2}(?:[./-]\d{1,4})?"
_TIME = r"\d{1,2}[:.]\d{2}(?:[:.]\d{2}(?:\.\d+)?)?Z?(?:\s?[ap]\.?\s?m\b\.?)?"
_TAGS = (
    "a|b|blockquote|body|br|code|div|em|font|h[1-6]|html|i|img|li|ol|p|pre|script|span|strong|style|table|td|tr|u|ul"
)
_ENTITIES = r"amp|apos|gt|hellip|ldquo|lsquo|lt|mdash|nbsp|ndash|quot|rdquo|rsquo|#\d{2,6}|#x[0-9a-f]{2,6}"
_ROLES = (
    "agent|ai|assistant|bot|chatbot|client|counsell?or|customer|human|listener|patient|speaker|system|therapist|user"
)
EXPORTED = (
    # Of WhatsApp, Telegram, Teams, Slack, Discord; of a log; of subtitles.
    (rf"(?:^|\s|\u200e)\[(?:{_DAY},?\s*)?{_TIME}(?:,?\s*{_DAY})?\]", "holds the date or time of a message"),
    (rf"(?:^|\s|\u200e){_DAY}(?:,|T|\s)\s?{_TIME}\s[-–—]\s", "holds the date or time of a message"),
    (rf"^{_DAY}(?:,|T|\s)\s?{_TIME}\s?[^:]{{0,40}}:\s", "holds the date or time of a message"),
    (rf"—\s(?:(?:today|yesterday)\sat|{_DAY},?)\s{_TIME}", "holds the date or time of a message"),
    (r"\d\d:\d\d:\d\d[,.]\d{3}\s-->", "holds the times of subtitles"),
    (r"^(?:from|sent|subject):\s|\bon\s.{5,80}\swrote:", "holds the head of a mail"),
    (rf"^[\W_]{{0,4}}(?:{_ROLES})[\W_]{{0,3}}:", "starts with a role"),
    (rf"</?(?:{_TAGS})(?:\s[^<>]*|/)?/?>|&(?:{_ENTITIES});|\[/(?:b|color|i|img|quote|size|u|url)\]", "holds HTML"),
    (r"<\|[\w ]{1,30}\|>|\[/?inst\]|<</?sys>>|</?s>|\[(?:cls|mask|pad|sep|unk)\]", "holds marks of a model's own"),
    (r"_comma_", "holds _comma_ where a comma stood"),
    (r"<media omitted>|<attached: [^<>]*>|^\W?(?:audio|document|gif|image|sticker|video) omitted$|"
     r"^\W?(?:this message was deleted|you deleted this message)\.?$", "stands for what is not there"),
    (r"â€[™œ\u009d“”˜¦]|Ã[©¨¡³±¶¼¤]", "was read in a wrong encoding"),
)  # fmt: skip
SIGNS = re.compile(r"[\[<&:_—âÃ]| omitted|deleted")  # none of `EXPORTED` is without one of them
NAMED = re.compile(r"[A-Z][\w.'-]{0,20}(?: [A-Z][\w.'-]{0,20}){0,2}:\s")
SIDES = {FULL_DIALOGUE: "the context", RESPONSE: "the reply"}
SHARE_LEFT_OUT = 0.005  # of training pairs, by their distance
DIRECTIONS = 64  # that the training pairs vary in most


@dataclass(frozen=True)
class Domain:
    """Where the training pairs lie: a normal distribution with `DIRECTIONS` variances of its own and one for the rest
    (probabilistic PCA, Tipping and Bishop 1999).

    mean: (width,); directions: (k, width), orthonormal; variances: (k,), along them; noise: variance in each other
    direction; farthest: Mahalanobis distance that `SHARE_LEFT_OUT` of the training pairs pass.
    """

    mean: torch.Tensor
    directions: torch.Tensor
    variances: torch.Tensor
    noise: float
    farthest: float

    def distances(self, vectors: torch.Tensor) -> torch.Tensor:
        """Mahalanobis distances (batch,) of vectors (batch, width)."""
        centred = vectors - self.mean
        along = (centred @ self.directions.T).square()
        rest = (centred.square().sum(dim=-1) - along.sum(dim=-1)).clamp(min=0)
        return ((along / self.variances).sum(dim=-1) + rest / self.noise).sqrt()


class Reading(NamedTuple):
    """How a pair was read: the views, of `SIDES`, that were cut, and those of which most tokens are unknown."""

    cut: tuple[int, ...] = ()
    unknown: tuple[int, ...] = ()


def text_reasons(turns: Sequence[str], response: str) -> tuple[str, ...]:
    """What a pair's texts are that should not be scored, each said once a side; empty where they are plain English."""
    if not response.strip():
        return (EMPTY_RESPONSE,)
    if not "".join(turns).strip():
        return (EMPTY_CONTEXT,)
    several = len(turns) > 1
    sides = [
        (f"turn {place} of the context" if several else "the context", turn) for place, turn in enumerate(turns, 1)
    ]
    found: dict[tuple[str, str], str] = {}
    for side, text in (*sides, ("the reply", response)):
        for kind, what in _faults(text):
            found.setdefault((kind, "reply" if side == "the reply" else "context"), f"{kind}: {side} {what}")
    if NAMED.match(response) and NAMED.match(turns[-1]) and not any(kind == EXPORT for kind, _ in found):
        found[EXPORT, "reply"] = f"{EXPORT}: the context and the reply start with a name"
    return tuple(found.values())


@lru_cache(maxsize=4096)  # the turns of a dialogue are met again with every reply
def _faults(text: str) -> tuple[tuple[str, str], ...]:
    if is_missing(text) or text in GONE:
        return ((NO_TEXT, f"is {text!r}, which programs write where a text is missing"),)
    found = []
    if SIGNS.search(text) and (said := next((said for pattern, said in _exported() if pattern.search(text)), None)):
        found.append((EXPORT, said))
    if language := other_language(text):
        found.append((OTHER_LANGUAGE, language))
    return tuple(found)


@lru_cache(maxsize=1)
def _exported() -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(pattern, re.IGNORECASE), said) for pattern, said in EXPORTED)


def reading_reasons(reading: Reading, limits: Mapping[int, int]) -> tuple[str, ...]:
    """What was not understood of a pair, or not read. limits: tokens that are read of a context and of a reply."""
    found = [
        f"{UNKNOWN_TOKENS}: most of {SIDES[view]} is signs that the model does not know, such as emoji"
        for view in reading.unknown
    ]
    for view in reading.cut:
        where = "its beginning" if view == FULL_DIALOGUE else "its end"
        found.append(f"{TRUNCATED}: {SIDES[view]} is longer than {limits[view]} tokens, {where} was not read")
    return tuple(found)


def fit_domain(vectors: np.ndarray) -> Domain:
    """The domain of vectors (pairs, width) of training pairs."""
    from sklearn.decomposition import PCA

    fitted = PCA(min(DIRECTIONS, min(vectors.shape) - 1), svd_solver="full").fit(vectors)
    mean, directions, variances = (
        torch.from_numpy(part).float() for part in (fitted.mean_, fitted.components_, fitted.explained_variance_)
    )
    domain = Domain(mean, directions, variances, float(fitted.noise_variance_), float("inf"))
    distances = domain.distances(torch.from_numpy(vectors).float()).numpy()
    return replace(domain, farthest=float(np.quantile(distances, 1 - SHARE_LEFT_OUT)))
