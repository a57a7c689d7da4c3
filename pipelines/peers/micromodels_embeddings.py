"""Embedded responses of a corpus, kept in a file: every cell of an experiment needs the same ones."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pandas as pd

from pipelines.atomic import write_array
from pipelines.micromodels.embedded import LENGTH, EmbeddedResponses, embed_responses
from pipelines.micromodels.sentences import split_sentences


def embedded_responses(frame: pd.DataFrame, encoder: str, encoder_sha256: str, folder: Path) -> EmbeddedResponses:
    """The sentences of the frame's responses and their vectors, from `<hash>.npy` in `folder` where they are there.

    frame: rp_id and response_post are read. encoder_sha256: of the encoder's weights. The hash is of them and of every
    sentence, so that mechanisms whose files hold the same responses share a file. It holds no text.

    Raises UserError where no response has a sentence.
    """
    texts = frame["response_post"].tolist()
    spans = [split_sentences(text) for text in texts]
    sentences = [[text[start:end] for start, end in of_text] for text, of_text in zip(texts, spans, strict=True)]
    key = hashlib.sha256(json.dumps([encoder_sha256, LENGTH, sentences]).encode()).hexdigest()[:16]
    file = folder / f"{key}.npy"
    if not file.is_file():
        print(f"  embedding the sentences of {len(texts):,} responses")
        found = embed_responses(frame, encoder)
        write_array(file, found.vectors)
        return found
    return EmbeddedResponses(
        ids=tuple(frame["rp_id"]),
        texts=tuple(texts),
        spans=tuple(span for of_text in spans for span in of_text),
        response=np.repeat(np.arange(len(texts)), [len(of_text) for of_text in spans]),
        vectors=np.load(file, allow_pickle=False),
    )
