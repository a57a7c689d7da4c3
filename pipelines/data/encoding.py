"""From examples to the token ids of their packed views."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modeling.lessons import LESSONS, QUALITY
from modeling.views import CONTEXT, FULL_DIALOGUE, RESPONSE
from pipelines.data.views import SEEN, Example, context_turns

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from pipelines.scoring.tokenizer import FastTokenizer

    AnyTokenizer = PreTrainedTokenizerBase | FastTokenizer


NO_EMOTION = -100
MADE_UP = "augmentation:"  # what the label_source of made-up pairs starts with


@dataclass(frozen=True)
class EncodedExample:
    """One row of a batch before padding: the ids of its views one after the other, and its labels.

    input_ids, view_ids: one entry a token. empathy: score or NaN. emotion: class or negative; for a multi-label
    corpus the list of its classes. own_context: whether the response was given in that context, not made up.
    teaches: what its score teaches a model that has gates, of modeling.lessons.
    cut: the views that hold one text, of which the row holds not every token.
    """

    input_ids: list[int]
    view_ids: list[int]
    empathy: float
    emotion: int | list[int]
    own_context: bool = True
    teaches: int = QUALITY
    cut: tuple[int, ...] = ()


def _join(turns: Sequence[str], separator: str) -> str:
    return f" {separator} ".join(turns)


def _cut_responses(responses: list[str], tokenizer: "AnyTokenizer", limit: int) -> list[str]:
    """Responses of at most `limit` tokens; the rest of a row is left to the context."""
    # No response of so few bytes can be over the limit (a rare character is several tokens of a byte-level tokenizer):
    # most are not tokenised twice.
    long = [index for index, response in enumerate(responses) if len(response.encode()) >= limit]
    if long:
        texts = [responses[i] for i in long]
        # verbose: it would warn of texts longer than the encoder's positions, which are about to be cut.
        offsets = tokenizer(texts, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
        for index, spans in zip(long, offsets["offset_mapping"], strict=True):
            if len(spans) > limit:
                # Before the first token that is left out, which may be a part of the last character kept.
                responses[index] = responses[index][: min(spans[limit - 1][1], spans[limit][0])]
    return responses


def encode_texts(texts: list[str], tokenizer: "AnyTokenizer", view_length: int) -> list[list[int]]:
    """Token ids of single texts, special tokens included, the oldest tokens cut first."""
    tokenizer.truncation_side = "left"
    return tokenizer(texts, truncation=True, max_length=view_length)["input_ids"]


def encode_pairs(
    contexts: list[str], responses: list[str], tokenizer: "AnyTokenizer", view_length: int
) -> list[list[int]]:
    """Token ids of (context, response) pairs; a response keeps up to half the row, the context loses its oldest."""
    tokenizer.truncation_side = "left"
    # In the shortest rows the special tokens leave less than half: one token at least is the context's.
    limit = min(view_length // 2, view_length - tokenizer.num_special_tokens_to_add(pair=True) - 1)
    responses = _cut_responses(list(responses), tokenizer, limit)
    return tokenizer(contexts, responses, truncation="only_first", max_length=view_length)["input_ids"]


def encode_views(
    examples: Iterable[Example],
    views: Sequence[int],
    context_view: str,
    tokenizer: "AnyTokenizer",
    view_length: int,
    seen: str = "both",
) -> list[EncodedExample]:
    """Encode examples (one listener turn each) into packed rows that hold `views`, in that order.

    `context_view` names the text of the context view; the full dialogue view is the whole dialogue context and the
    response, or the former alone where the response is a view of its own. Each view holds at most `view_length` tokens.
    `seen` is the model's own (`config.seen`): with "response" or "context" the other is blank, and a view of blank text
    holds special tokens only.
    """
    rows = [SEEN[seen](example) for example in examples]
    if not rows:
        return []
    separator = str(tokenizer.sep_token)
    texts: dict[int, list[str]] = {}  # of the views that hold one text each
    pairs: list[list[int]] = []
    for view in views:
        if view == CONTEXT:
            texts[view] = [_join(context_turns(row, context_view), separator) for row in rows]
        elif view == RESPONSE:
            texts[view] = [row["response"] for row in rows]
        elif view == FULL_DIALOGUE:
            contexts = [_join(context_turns(row, "dialogue_context"), separator) for row in rows]
            if RESPONSE in views:
                texts[view] = contexts
            else:
                pairs = encode_pairs(contexts, [row["response"] for row in rows], tokenizer, view_length)
        else:
            known = f"CONTEXT ({CONTEXT}), FULL_DIALOGUE ({FULL_DIALOGUE}) or RESPONSE ({RESPONSE})"
            raise ValueError(f"views: expected {known}, got {view}")
    # One call for all of them, each text once: a dialogue's first turn is its context view and its whole context.
    distinct = list(dict.fromkeys(text for of_view in texts.values() for text in of_view))
    ids_of = dict(zip(distinct, encode_texts(distinct, tokenizer, view_length) if distinct else [], strict=True))
    encoded = [[ids_of[text] for text in texts[view]] if view in texts else pairs for view in views]
    longer = dict.fromkeys(texts, _longer(ids_of, tokenizer, view_length))
    if RESPONSE in views:
        shorter = _at_most_half(texts[RESPONSE], ids_of, tokenizer, view_length)
        encoded[views.index(RESPONSE)] = [shorter.get(text, ids_of[text]) for text in texts[RESPONSE]]
        longer[RESPONSE] = set(shorter)
    return [
        EncodedExample(
            input_ids=[token for ids in per_view for token in ids],
            view_ids=[view for view, ids in zip(views, per_view, strict=True) for _ in ids],
            empathy=_score(row),
            emotion=NO_EMOTION if row.get("emotion") is None else int(row["emotion"]),
            own_context=not row.get("label_source", "").startswith(MADE_UP),
            teaches=LESSONS[row.get("teaches", "quality")],
            cut=tuple(view for view, of_view in texts.items() if of_view[place] in longer[view]),
        )
        for place, (row, per_view) in enumerate(zip(rows, zip(*encoded, strict=True), strict=True))
    ]


def _longer(ids_of: Mapping[str, list[int]], tokenizer: "AnyTokenizer", view_length: int) -> set[str]:
    """The texts that were cut to `view_length`; those that fill it are counted again, whole."""
    full = [text for text, ids in ids_of.items() if len(ids) >= view_length]
    whole = tokenizer(full, verbose=False)["input_ids"] if full else []
    return {text for text, ids in zip(full, whole, strict=True) if len(ids) > view_length}


def _at_most_half(
    responses: Sequence[str], ids_of: Mapping[str, list[int]], tokenizer: "AnyTokenizer", view_length: int
) -> dict[str, list[int]]:
    """Ids of the beginnings of those responses that have more tokens than half a view."""
    limit = longest_response(view_length)
    longest = limit + tokenizer.num_special_tokens_to_add(pair=False)
    long = [response for response in dict.fromkeys(responses) if len(ids_of[response]) > longest]
    cut = encode_texts(_cut_responses(list(long), tokenizer, limit), tokenizer, view_length) if long else []
    return dict(zip(long, cut, strict=True))


def longest_response(view_length: int) -> int:
    """Tokens that are read of a response that is a view of its own, special ones not counted."""
    return view_length // 2


def _score(row: Example) -> float:
    score: Any = row.get("empathy")
    return float("nan") if score is None else float(score)
