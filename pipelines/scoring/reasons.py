"""Why a reply got its score: what each word added, and what the reply would be worth in a neutral context."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import torch

from modeling.views import CONTEXT, FULL_DIALOGUE, RESPONSE
from pipelines.errors import UserError
from pipelines.scoring.reader import pair_row
from pipelines.scoring.results import Score
from pipelines.scoring.turns import Context, context_turns, response_text

if TYPE_CHECKING:
    from pipelines.scoring.scorer import EmpathyScorer

VIEW_NAMES = {CONTEXT: "context", FULL_DIALOGUE: "full_dialogue", RESPONSE: "response"}
LARGEST_GAP = 0.05  # points of the score that the words' sum may miss
STEPS = 32  # of the integral over a piece of the way; a piece that misses too much is halved, gates being steep
SHORTEST_PIECE = 1 / 256

# What a neutral speaker says; written for this project, and no part of any training data or probe.
NEUTRAL_CONTEXTS = (
    "The bus to the library leaves at nine.",
    "We put the chairs back after the meeting.",
    "The shop sells paper, pens and glue.",
    "My train had six carriages today.",
    "There is a bench in front of the town hall.",
)


class WordAttribution(NamedTuple):
    """A token of a view and what it added to the score, in points, against a text of unknown words."""

    token: str
    points: float


@dataclass(frozen=True)
class Explanation:
    """Reasons for a score.

    views: "context", "full_dialogue" and "response" -> their tokens. baseline: the score of unknown words only;
    baseline + the sum of all points = unclamped score, up to `gap`. neutral: mean score of the reply in neutral
    contexts; what the score has above it, the reply owes to this context.
    """

    score: Score
    views: dict[str, list[WordAttribution]]
    baseline: float
    gap: float
    neutral: float

    @property
    def owed_to_context(self) -> float:
        """Points above the same reply in a neutral context."""
        return self.score.empathy - self.neutral


def explain(scorer: "EmpathyScorer", context: Context, response: str) -> Explanation:
    """Reasons for the score of one pair.

    Integrated gradients (Sundararajan et al. 2017, arXiv:1703.01365) by captum, over the embeddings of all views.
    Raises UserError where a text is empty, the scorer's precision is not fp32, or captum is not installed.
    """
    try:
        from captum.attr import IntegratedGradients
    except ImportError as error:
        raise UserError("expected the package captum: pip install 'empathy-cascade[reasons]'") from error
    if scorer.precision != "fp32":
        raise UserError(f"expected a scorer of precision fp32 to explain with, got {scorer.precision}")
    turns, reply = context_turns(context), response_text(response)
    if not reply or not any(turn["text"] for turn in turns):
        raise UserError("expected a context and a reply to explain, got an empty one")
    row = pair_row(turns, reply)
    network, tokenizer = scorer.reader.network, scorer.reader.tokenizer
    batch = scorer.reader.encode([row], network.views)
    ids, view_ids = batch["input_ids"], batch["view_ids"]
    embed = network.encoder.embed
    special = torch.isin(ids, torch.tensor(tokenizer.all_special_ids))
    unknown = torch.where(special, ids, torch.full_like(ids, tokenizer.mask_token_id))

    def unclamped(embeddings: torch.Tensor) -> torch.Tensor:
        return network.unclamped_score(embeddings, view_ids.expand(len(embeddings), -1))

    words, baselines = embed(ids), embed(unknown)
    with torch.no_grad():
        start = unclamped(baselines).item()
    method = IntegratedGradients(unclamped)
    points, gap = torch.zeros(ids.shape[1]), 0.0
    pieces = [(0.0, 1.0)]  # of the straight line from unknown words to the words
    while pieces:
        left, right = pieces.pop()
        found, missed = method.attribute(
            torch.lerp(baselines, words, right),
            torch.lerp(baselines, words, left),
            n_steps=STEPS,
            internal_batch_size=STEPS,
            return_convergence_delta=True,
        )
        if abs(missed.item()) > LARGEST_GAP * (right - left):
            if right - left <= SHORTEST_PIECE:
                raise ValueError(
                    f"attribution: expected points that sum to the score within {LARGEST_GAP}, missed "
                    f"{missed.item():.3f} between {left:.4f} and {right:.4f} of the way"
                )
            middle = (left + right) / 2
            pieces += [(left, middle), (middle, right)]
        else:
            points += found.sum(-1)[0].detach()
            gap += missed.item()
    views: dict[str, list[WordAttribution]] = {}
    tokens = tokenizer.convert_ids_to_tokens(ids[0].tolist())
    of_tokens = zip(tokens, view_ids[0].tolist(), points.tolist(), special[0].tolist(), strict=True)
    for token, view, added, is_special in of_tokens:
        if not is_special:
            views.setdefault(VIEW_NAMES[view], []).append(WordAttribution(token, added))
    neutral = scorer.score_pairs([(said, reply) for said in NEUTRAL_CONTEXTS])
    return Explanation(
        score=scorer.score_rows([row])[0],
        views=views,
        baseline=start,
        gap=abs(gap),
        neutral=sum(one.empathy for one in neutral) / len(neutral),
    )
