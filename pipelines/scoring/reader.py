"""Reads pairs of context and reply into the vectors of their views, each context once."""

import os
from collections.abc import Callable, Iterator, Sequence
from threading import RLock
from typing import Any

import numpy as np
import torch

from modeling.cascade import ViewVectors
from modeling.views import CONTEXT, FULL_DIALOGUE, RESPONSE
from pipelines.data.collator import collate
from pipelines.data.encoding import EncodedExample, encode_views, longest_response
from pipelines.data.views import context_text
from pipelines.scoring.domain import SIDES, Reading
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


_process = os.getpid()


def mind_a_fork() -> None:
    """Let a process that was forked from the one that loaded this module calculate with one thread.

    The threads of its parent are not in it; torch would wait for them for ever.
    """
    global _process
    if os.getpid() != _process:
        torch.set_num_threads(1)
        _process = os.getpid()


class PairReader:
    """A network and its tokenizer, and the context views that it read last.

    Several threads may share one: they read one after the other.
    """

    def __init__(self, network: ReleasedNetwork, tokenizer: FastTokenizer) -> None:
        self.network, self.tokenizer = network, tokenizer
        self.memory = ContextMemory()
        self._process, self._lock = os.getpid(), RLock()

    @property
    def limits(self) -> dict[int, int]:
        """The most tokens that are read of a context and of a reply, special ones not counted, by view."""
        length = self.network.config.view_length
        whole = length - self.tokenizer.num_special_tokens_to_add(pair=False)
        return {FULL_DIALOGUE: whole, RESPONSE: longest_response(length)}

    def vectors(self, rows: Sequence[Row]) -> ViewVectors:
        """Vectors (batch, hidden) of a batch of at most `REMEMBERED` rows."""
        return self.read(rows)[0]

    @torch.inference_mode()
    def read(self, rows: Sequence[Row]) -> tuple[ViewVectors, list[Reading]]:
        """Vectors (batch, hidden) of a batch of at most `REMEMBERED` rows, and how each of them was read.

        One encoder call where every context is new and its own, else one for the new contexts and one for the rest.
        """
        with self._alone():
            texts = self._context_texts(rows)
            new = self._new(texts, rows)
            if len(new) == len(rows):
                encoded = self._encoded(rows, self.network.views)
                vectors = self.network.read_views(**self._batch(encoded))
                self.memory.remember(texts, vectors.context)
                return vectors, self._readings(encoded)
            if new:
                self._read_contexts(new)
            encoded = self._encoded(rows, tuple(view for view in self.network.views if view != CONTEXT))
            context = self.memory.recall(texts).to(self.network.device)
            return self.network.read_views(**self._batch(encoded), context=context), self._readings(encoded)

    @torch.inference_mode()
    def read_contexts(self, rows: Sequence[Row]) -> None:
        """Encode the contexts of at most `REMEMBERED` rows, each once, in batches of their own.

        For many rows that costs less than a batch's contexts beside its other views: tokens of views that do not see
        each other still take the time of attention.
        """
        with self._alone():
            new = self._new(self._context_texts(rows), rows)
            texts = list(new)
            for chosen in _of_like_size([len(text) for text in texts]):
                self._read_contexts({texts[place]: new[texts[place]] for place in chosen})

    def _alone(self) -> RLock:
        """The lock on the tokenizer and the memory; a forked process takes its own, for nobody there opens the old."""
        if self._process != os.getpid():
            mind_a_fork()
            self._process, self._lock = os.getpid(), RLock()
        return self._lock

    def _context_texts(self, rows: Sequence[Row]) -> list[str]:
        return [context_text(row, self.network.config.context_view) for row in rows]

    def _new(self, texts: Sequence[str], rows: Sequence[Row]) -> dict[str, Row]:
        return {text: row for text, row in zip(texts, rows, strict=True) if not self.memory.has(text)}

    def _read_contexts(self, new: dict[str, Row]) -> None:
        batch = self.encode(list(new.values()), (CONTEXT,))
        hidden = self.network.encoder(**batch)
        self.memory.remember(list(new), self.network.pool(hidden, batch["view_ids"], CONTEXT))

    def encode(self, rows: Sequence[Row], views: tuple[int, ...]) -> dict[str, torch.Tensor]:
        """input_ids and view_ids (rows, length) of some of the rows' views, where the network is."""
        with self._alone():
            return self._batch(self._encoded(rows, views))

    def _encoded(self, rows: Sequence[Row], views: tuple[int, ...]) -> list[EncodedExample]:
        config = self.network.config
        return encode_views(rows, views, config.context_view, self.tokenizer, config.view_length)

    def _batch(self, encoded: Sequence[EncodedExample]) -> dict[str, torch.Tensor]:
        device = self.network.device
        if len(encoded) == 1:  # no padding: a single pair is what has to be fast
            one = encoded[0]
            batch = {"input_ids": torch.tensor([one.input_ids]), "view_ids": torch.tensor([one.view_ids])}
        else:
            batch = collate(encoded, self.tokenizer.pad_token_id)
        return {name: batch[name].to(device) for name in ("input_ids", "view_ids")}

    def _readings(self, encoded: Sequence[EncodedExample]) -> list[Reading]:
        unknown = self.tokenizer.unk_token_id
        return [
            Reading(
                tuple(view for view in one.cut if view in SIDES),
                tuple(view for view in SIDES if self._mostly_unknown(one, view)) if unknown in one.input_ids else (),
            )
            for one in encoded
        ]

    def _mostly_unknown(self, one: EncodedExample, view: int) -> bool:
        ids = [token for token, of_view in zip(one.input_ids, one.view_ids, strict=True) if of_view == view]
        known = sum(token not in self.tokenizer.all_special_ids for token in ids)
        return ids.count(self.tokenizer.unk_token_id) > known


def collect(reader: PairReader, rows: Sequence[Row], read: Callable[[ViewVectors], torch.Tensor]) -> np.ndarray:
    """`read` of the vectors of every row, in the rows' order: (rows, ...)."""
    order: list[int] = []
    parts = []
    with torch.inference_mode():
        for chosen in batches(rows):
            order += chosen
            parts.append(read(reader.vectors([rows[place] for place in chosen])).float().numpy())
    return np.concatenate(parts)[np.argsort(order)]


def on_cpu(vectors: ViewVectors) -> ViewVectors:
    """The same vectors on the CPU, fp32."""
    return ViewVectors(*(one if one is None else one.cpu().float() for one in vectors))  # type: ignore[arg-type]


def mechanism_features(vectors: ViewVectors) -> torch.Tensor:
    """What the mechanisms are read from: full dialogue, response and relevance (batch, 3 hidden)."""
    assert vectors.response is not None and vectors.relevance is not None  # a release has both
    return torch.cat([vectors.full_dialogue, vectors.response, vectors.relevance], dim=-1)


def domain_features(vectors: ViewVectors) -> torch.Tensor:
    """What says whether a pair is like those of training: context and response (batch, 2 hidden)."""
    assert vectors.response is not None  # a release has one
    return torch.cat([vectors.context, vectors.response], dim=-1)
