"""What each word of a sentence adds to the log-odds of the sentence's own direction, by integrated gradients."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd
import torch

from modeling.base import EncoderModel
from modeling.views import FULL_DIALOGUE
from pipelines.data.collator import pad_rows
from pipelines.errors import UserError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

LARGEST_GAP = 0.05  # log-odds that the words' sum may miss
FEWEST_STEPS, MOST_STEPS = 16, 4096  # of the integral; a sentence that misses too much gets twice as many
SENTENCES = 8  # at once
BATCH = 64  # sentences on the way from unknown words to the words, a forward pass


class _Word(NamedTuple):
    """A word in lower case and its tokens' places in the sentence."""

    word: str
    tokens: list[int]


def log_odds(logits: torch.Tensor, classes: torch.Tensor) -> torch.Tensor:
    """Log of the chance of a class over that of all others (batch,). logits: (batch, n); classes: (batch,)."""
    own = classes[:, None]
    return logits.gather(1, own).squeeze(1) - logits.scatter(1, own, float("-inf")).logsumexp(dim=1)


def word_contributions(
    model: EncoderModel, tokenizer: "PreTrainedTokenizerBase", texts: Sequence[str], classes: Sequence[int]
) -> pd.DataFrame:
    """A row for each word of each sentence: sentence (place in `texts`), word (lower case), points.

    points: what the word, all its occurrences together, adds to the log-odds of the sentence's class, against a
    sentence of unknown words. Integrated gradients (Sundararajan et al. 2017, arXiv:1703.01365) by captum over the
    words' embeddings. classes: of the sentences, places in the logits of the direction. What is no word (numbers,
    punctuation) is left out.

    Raises UserError where captum is not installed, ValueError where a sentence's points do not sum to its log-odds.
    """
    encoded = _encode(tokenizer, texts, model.config.view_length)
    rows = []
    order = sorted(range(len(texts)), key=lambda place: len(encoded[place][0]))
    for start in range(0, len(order), SENTENCES):
        places = order[start : start + SENTENCES]
        points = token_contributions(
            model, tokenizer, [encoded[place][0] for place in places], [classes[place] for place in places]
        )
        for place, of_tokens in zip(places, points, strict=True):
            rows += [(place, word, float(of_tokens[tokens].sum())) for word, tokens in encoded[place][1]]
    frame = pd.DataFrame(rows, columns=["sentence", "word", "points"])
    return frame.groupby(["sentence", "word"], as_index=False).agg(points=("points", "sum"))


def token_contributions(
    model: EncoderModel, tokenizer: "PreTrainedTokenizerBase", ids: Sequence[list[int]], classes: Sequence[int]
) -> torch.Tensor:
    """What each token adds (sentences, length); 0 for special tokens and padding. Raises as `word_contributions`."""
    try:
        from captum.attr import IntegratedGradients
    except ImportError as error:
        raise UserError("expected the package captum: pip install 'empathy-cascade[reasons]'") from error
    model.eval().requires_grad_(False)  # the gradients of the embeddings alone are needed
    batch = pad_rows(ids, [[FULL_DIALOGUE] * len(row) for row in ids], int(tokenizer.pad_token_id))
    tokens, view_ids = batch["input_ids"], batch["view_ids"]
    special = torch.isin(tokens, torch.tensor(tokenizer.all_special_ids))
    table = model.encoder.backbone.get_input_embeddings()
    words, unknown = table(tokens), table(torch.where(special, tokens, int(tokenizer.mask_token_id)))
    given = (view_ids, torch.tensor(classes))

    def own_log_odds(embeddings: torch.Tensor, views: torch.Tensor, own: torch.Tensor) -> torch.Tensor:
        return log_odds(model(None, views, embeddings=embeddings).direction_logits, own)

    method = IntegratedGradients(own_log_odds)
    points, left, steps = torch.zeros(tokens.shape), torch.arange(len(ids)), FEWEST_STEPS
    while len(left):
        if steps > MOST_STEPS:
            raise ValueError(
                f"attribution: expected points that sum to the log-odds within {LARGEST_GAP}, {len(left)} sentences "
                f"missed more with {MOST_STEPS} steps"
            )
        found, missed = method.attribute(
            words[left],
            unknown[left],
            additional_forward_args=tuple(one[left] for one in given),
            n_steps=steps,
            internal_batch_size=BATCH,
            return_convergence_delta=True,
        )
        points[left] = found.sum(dim=-1).detach().float()
        left = left[missed.abs() > LARGEST_GAP]
        steps *= 2
    return points


def _encode(
    tokenizer: "PreTrainedTokenizerBase", texts: Sequence[str], length: int
) -> list[tuple[list[int], list[_Word]]]:
    """Token ids of each sentence, cut as in training, and its words."""
    tokenizer.truncation_side = "left"
    encoded = tokenizer([*texts], truncation=True, max_length=length)
    return [(encoded["input_ids"][place], list(_words(encoded, place, text))) for place, text in enumerate(texts)]


def _words(encoded: Any, place: int, text: str) -> Iterator[_Word]:
    tokens: dict[int, list[int]] = {}
    for position, number in enumerate(encoded.word_ids(place)):
        if number is not None:
            tokens.setdefault(number, []).append(position)
    for number, positions in tokens.items():
        span = encoded.word_to_chars(place, number)
        word = text[span.start : span.end].strip().lower()
        if word.isalpha():
            yield _Word(word, positions)
