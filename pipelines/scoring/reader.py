"""Reads pairs of context and reply into the vectors of their views, each context once."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch

from modeling.cascade import ViewVectors
from modeling.views import CONTEXT
from pipelines.data.collator import collate
from pipelines.data.encoding import encode_views
from pipelines.data.views import context_text
from pipelines.scoring.memory import ContextMemory
from pipelines.scoring.network import ReleasedNetwork
from pipelines.scoring.tokenizer import FastTokenizer

BATCH_SIZE = 16  # larger ones are slower on a CPU: they leave its caches

Row = dict[str, Any]


def pair_row(turns: Sequence[dict[str, str]], response: str) -> Row:
    """The columns of an example that the views are made of."""
    return {"dialogue_context": list(turns), "situation": "", "response": response}


def batches(rows: Sequence[Row]) -> Iterator[list[int]]:
    """The rows' places, in batches of pairs of like size, which take little padding."""
    sizes = [sum(len(turn["text"]) for turn in row["dialogue_context"]) + len(row["response"]) for row in rows]
    return _of_like_size(sizes)


def _of_like_size(sizes: Sequence[int]) -> Iterator[list[int]]:
    order = sorted(range(len(sizes)), key=sizes.__getitem__)
    for start in range(0, len(order), BATCH_SIZE):
        yield order[start : start + BATCH_SIZE]


class PairReader:
    """A network and its tokenizer, and the context views that it read last."""

    def __init__(self, network: ReleasedNetwork, tokenizer: FastTokenizer) -> None:
        self.network, self.tokenizer = network, tokenizer
        self.memory = ContextMemory()

    @torch.inference_mode()
    def vectors(self, rows: Sequence[Row]) -> ViewVectors:
        """Vectors (batch, hidden) of a batch of at most `REMEMBERED` rows.

        One encoder call where every context is new and its own, else one for the new contexts and one for the rest.
        """
        texts = self._context_texts(rows)
        new = self._new(texts, rows)
        if len(new) == len(rows):
            vectors = self.network.read_views(**self.encode(rows, self.network.views))
            self.memory.remember(texts, vectors.context)
            return vectors
        if new:
            self._read_contexts(new)
        others = tuple(view for view in self.network.views if view != CONTEXT)
        return self.network.read_views(**self.encode(rows, others), context=self.memory.recall(texts))

    @torch.inference_mode()
    def read_contexts(self, rows: Sequence[Row]) -> None:
        """Encode the contexts of at most `REMEMBERED` rows, each once, in batches of their own.

        For many rows that costs less than a batch's contexts beside its other views: tokens of views that do not see
        each other still take the time of attention.
        """
        new = self._new(self._context_texts(rows), rows)
        texts = list(new)
        for chosen in _of_like_size([len(text) for text in texts]):
            self._read_contexts({texts[place]: new[texts[place]] for place in chosen})

    def _context_texts(self, rows: Sequence[Row]) -> list[str]:
        return [context_text(row, self.network.config.context_view) for row in rows]

    def _new(self, texts: Sequence[str], rows: Sequence[Row]) -> dict[str, Row]:
        return {text: row for text, row in zip(texts, rows, strict=True) if not self.memory.has(text)}

    def _read_contexts(self, new: dict[str, Row]) -> None:
        batch = self.encode(list(new.values()), (CONTEXT,))
        hidden = self.network.encoder(**batch)
        self.memory.remember(list(new), self.network.pool(hidden, batch["view_ids"], CONTEXT))

    def encode(self, rows: Sequence[Row], views: tuple[int, ...]) -> dict[str, torch.Tensor]:
        config = self.network.config
        encoded = encode_views(rows, views, config.context_view, self.tokenizer, config.view_length)
        if len(encoded) == 1:  # no padding: a single pair is what has to be fast
            one = encoded[0]
            return {"input_ids": torch.tensor([one.input_ids]), "view_ids": torch.tensor([one.view_ids])}
        batch = collate(encoded, self.tokenizer.pad_token_id)
        return {"input_ids": batch["input_ids"], "view_ids": batch["view_ids"]}


def collect(reader: PairReader, rows: Sequence[Row], read: Callable[[ViewVectors], torch.Tensor]) -> np.ndarray:
    """`read` of the vectors of every row, in the rows' order: (rows, ...)."""
    order: list[int] = []
    parts = []
    with torch.inference_mode():
        for chosen in batches(rows):
            order += chosen
            parts.append(read(reader.vectors([rows[place] for place in chosen])).float().numpy())
    return np.concatenate(parts)[np.argsort(order)]


def mechanism_features(vectors: ViewVectors) -> torch.Tensor:
    """What the mechanisms are read from: full dialogue, response and relevance (batch, 3 hidden)."""
    assert vectors.response is not None and vectors.relevance is not None  # a release has both
    return torch.cat([vectors.full_dialogue, vectors.response, vectors.relevance], dim=-1)


def domain_features(vectors: ViewVectors) -> torch.Tensor:
    """What says whether a pair is like those of training: context and response (batch, 2 hidden)."""
    assert vectors.response is not None  # a release has one
    return torch.cat([vectors.context, vectors.response], dim=-1)
