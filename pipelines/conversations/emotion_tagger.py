"""The emotion of every utterance of EmpatheticDialogues: the top label of a classifier trained on GoEmotions.

The classifier is the rater of the labelling function `emotions`.
"""

import hashlib
import json
from dataclasses import asdict
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from modeling.encoder import load_tokenizer
from pipelines.atomic import write_with
from pipelines.data.corpus import ReaderReport
from pipelines.data.empatheticdialogues import NAME, read_dialogues
from pipelines.data.goemotions import GOEMOTIONS_LABELS
from pipelines.labels.configuration import LabelSettings, needed
from pipelines.labels.content_hash import encoder_hash, frame_hash, path_hash
from pipelines.labels.functions import emotions
from pipelines.labels.text_rater import load_or_train, rate, tokenize


def read_utterances(path: str) -> pd.DataFrame:
    """A row for each utterance of the three splits, speaker's and listener's: conv_id, turn, split, role, text.

    What one side says in several utterances before the other answers is one.
    """
    read = read_dialogues(path, ReaderReport(NAME), strict=False)
    return pd.DataFrame(
        [
            (dialogue.conv_id, turn.number, split, turn.role, turn.text)
            for split, dialogues in read.items()
            for dialogue in dialogues
            for turn in dialogue.turns
        ],
        columns=["conv_id", "turn", "split", "role", "text"],
    )


def tag_emotions(settings: LabelSettings) -> pd.DataFrame:
    """`read_utterances` of settings.path with a further column `emotion`, the name of the likeliest GoEmotions label.

    The rater and the tags are kept in settings.cache_dir, by a hash of all they depend on, and found again there. Of
    the settings count path, encoder, goemotions_path, exclude_ids (comments the rater is not trained on) and seed.

    Raises UserError where the corpus, GoEmotions or the encoder cannot be read.
    """
    utterances = read_utterances(settings.path)
    folder = _rater_folder(settings)
    file = folder / f"emotions-{frame_hash(utterances)[:16]}.parquet"
    if not file.is_file():
        names = np.array(GOEMOTIONS_LABELS, dtype=object)
        tagged = utterances.assign(emotion=names[_top_labels(utterances["text"].tolist(), settings, folder)])
        write_with(file, tagged.to_parquet)
    return pd.read_parquet(file)


def _top_labels(texts: list[str], settings: LabelSettings, folder: Path) -> np.ndarray:
    rater = load_or_train(
        folder,
        settings.encoder,
        emotions.RECIPE,
        partial(emotions._training_data, settings),  # the labelling function's rater and this one are the same
        emotions.multi_label_loss,
        settings.seed,
        "emotion rater",
    )
    tokenizer = load_tokenizer(settings.encoder)
    rows = tokenize(tokenizer, texts, None, emotions.RECIPE.length)
    return rate(rater, rows, tokenizer.pad_token_id).argmax(axis=1)


def _rater_folder(settings: LabelSettings) -> Path:
    described = {
        "goemotions": path_hash(Path(needed(settings.goemotions_path, "goemotions_path", "emotions"))),
        "exclude_ids": "" if settings.exclude_ids is None else path_hash(Path(settings.exclude_ids)),
        "encoder": encoder_hash(settings.encoder),
        "recipe": asdict(emotions.RECIPE),
        "seed": settings.seed,
    }
    key = hashlib.sha256(json.dumps(described, sort_keys=True).encode()).hexdigest()
    return Path(settings.cache_dir) / f"emotion_tagger-{key[:16]}"
