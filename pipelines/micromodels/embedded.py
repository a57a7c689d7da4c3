"""Sentences and seed utterances as unit vectors of the encoder as it comes."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.cluster import KMeans

from modeling.encoder import load_tokenizer
from peers.micromodels import Config
from pipelines.atomic import write_array, write_json
from pipelines.errors import UserError
from pipelines.labels.text_rater import embed, tokenize
from pipelines.micromodels.seeds import SEED_LEVELS, SeedUtterances
from pipelines.micromodels.sentences import Span, split_sentences

LENGTH = 128  # tokens of a sentence or a seed utterance; of a longer one the beginning is cut
SEEDS_FILE = "seeds.json"
VECTORS_FILE = "seeds.npy"


@dataclass(frozen=True)
class EmbeddedResponses:
    """Responses and their sentences.

    ids: rp_id of each response. texts: of each response. spans: of each sentence, in its response.
    response: (sentences,), the place of the response that each sentence is of.
    vectors: (sentences, hidden), of unit length.
    """

    ids: tuple[str, ...]
    texts: tuple[str, ...]
    spans: tuple[Span, ...]
    response: np.ndarray
    vectors: np.ndarray

    def __len__(self) -> int:
        return len(self.texts)

    def sentence(self, place: int) -> str:
        """Text of a sentence."""
        start, end = self.spans[place]
        return self.texts[self.response[place]][start:end]


@dataclass(frozen=True)
class EmbeddedSeeds:
    """Seed utterances in groups.

    groups: (seeds,), from 0 within each level. vectors: (seeds, hidden), of unit length.
    """

    utterances: SeedUtterances
    groups: np.ndarray
    vectors: np.ndarray

    def save(self, folder: str | Path) -> None:
        """Write seeds.json and seeds.npy into `folder`. They hold text of the corpus."""
        write_json(Path(folder) / SEEDS_FILE, asdict(self.utterances) | {"groups": self.groups.tolist()})
        write_array(Path(folder) / VECTORS_FILE, self.vectors)

    @classmethod
    def load(cls, folder: str | Path) -> "EmbeddedSeeds":
        """What `save` wrote. Raises OSError where a file is missing."""
        kept = json.loads((Path(folder) / SEEDS_FILE).read_text(encoding="utf-8"))
        utterances = SeedUtterances(tuple(kept["texts"]), tuple(kept["levels"]), tuple(map(tuple, kept["sources"])))
        vectors = np.load(Path(folder) / VECTORS_FILE, allow_pickle=False)
        return cls(utterances, np.array(kept["groups"]), vectors)


def embed_responses(rows: pd.DataFrame, encoder: str) -> EmbeddedResponses:
    """The sentences of rows' responses and their vectors. rows: rp_id and response_post are read.

    Raises UserError where no response has a sentence.
    """
    texts = tuple(rows["response_post"])
    spans = [split_sentences(text) for text in texts]
    sentences = [text[start:end] for text, of_text in zip(texts, spans, strict=True) for start, end in of_text]
    if not sentences:
        raise UserError(f"expected responses, none of {len(texts)} has a sentence; give rows with a response_post")
    return EmbeddedResponses(
        ids=tuple(rows["rp_id"]),
        texts=texts,
        spans=tuple(span for of_text in spans for span in of_text),
        response=np.repeat(np.arange(len(texts)), [len(of_text) for of_text in spans]),
        vectors=embed_texts(sentences, encoder),
    )


def embed_seeds(utterances: SeedUtterances, config: Config) -> EmbeddedSeeds:
    """Vectors of the seed utterances, and for each level the groups that k-means finds in them."""
    vectors = embed_texts(utterances.texts, config.encoder)
    levels = np.array(utterances.levels)
    groups = np.zeros(len(utterances), dtype=np.int64)
    for level in SEED_LEVELS:
        chosen = vectors[levels == level]
        count = min(config.seed_groups, len(np.unique(chosen, axis=0)))
        if count > 1:
            groups[levels == level] = KMeans(count, n_init=10, random_state=config.seed).fit_predict(chosen)
    return EmbeddedSeeds(utterances, groups, vectors)


def embed_texts(texts: Sequence[str], encoder: str) -> np.ndarray:
    """Unit vectors (texts, hidden), float32; a text that comes twice is encoded once. One text or more."""
    tokenizer = load_tokenizer(encoder)
    distinct = list(dict.fromkeys(texts))
    rows = tokenize(tokenizer, distinct, None, min(LENGTH, tokenizer.model_max_length))
    vectors = embed(encoder, rows, tokenizer.pad_token_id)
    place = {text: index for index, text in enumerate(distinct)}
    return vectors[[place[text] for text in texts]]
