"""Predicted rationales: the sentences that are like a seed utterance."""

from collections.abc import Sequence

from pipelines.micromodels.embedded import EmbeddedResponses, EmbeddedSeeds
from pipelines.micromodels.features import similarities
from pipelines.micromodels.sentences import Span


def predict_rationales(responses: EmbeddedResponses, seeds: EmbeddedSeeds, theta: float) -> list[list[Span]]:
    """For each response, unseen while the seeds were found, its sentences with a cosine of theta or more to any seed
    utterance: characters [start, end), in order.
    """
    nearest = similarities(responses, seeds, leave_own_out=False).max(axis=1)
    spans: list[list[Span]] = [[] for _ in range(len(responses))]
    for place, response in enumerate(responses.response):
        if nearest[place] >= theta:
            spans[response].append(responses.spans[place])
    return spans


def token_mask(spans: Sequence[Span], offsets: Sequence[Span]) -> list[int]:
    """1 for each token that lies in one of the spans, in part at least, else 0; 0 for special tokens.

    offsets: of each token's characters, [start, end), as a fast tokenizer gives them; a special token's are empty.
    """
    return [int(any(max(start, first) < min(end, last) for first, last in spans)) for start, end in offsets]
