"""Embeddings of every turn by the encoder as it comes, kept in the cache for the functions that need them."""

from pathlib import Path

import numpy as np
import pandas as pd

from modeling.encoder import load_tokenizer
from pipelines.atomic import write_array
from pipelines.labels.configuration import LabelSettings
from pipelines.labels.content_hash import encoder_hash, frame_hash
from pipelines.labels.text_rater import embed, tokenize

LENGTH = 128  # tokens


def turn_embeddings(turns: pd.DataFrame, settings: LabelSettings) -> tuple[np.ndarray, np.ndarray]:
    """Unit vectors (turns, hidden) of the whole dialogue context, and of the response."""
    key = frame_hash(turns[["context", "response"]])[:8] + encoder_hash(settings.encoder)[:8]
    folder = Path(settings.cache_dir) / f"embeddings-{key}"
    tokenizer = load_tokenizer(settings.encoder)
    found = []
    for column in ("context", "response"):
        file = folder / f"{column}.npy"
        if not file.is_file():
            rows = tokenize(tokenizer, turns[column].tolist(), None, LENGTH)
            vectors = embed(settings.encoder, rows, tokenizer.pad_token_id).astype(np.float16)
            write_array(file, vectors)
        found.append(np.load(file, allow_pickle=False).astype(np.float32))
    return found[0], found[1]
