"""The emotion of every utterance of EmpatheticDialogues: the top label of a classifier trained on GoEmotions.

The classifier is the rater that the labelling function `emotions` trained, so that none is trained here.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from modeling.encoder import load_tokenizer
from pipelines.atomic import write_with
from pipelines.data.corpus import ReaderReport
from pipelines.data.empatheticdialogues import NAME, read_dialogues
from pipelines.data.goemotions import GOEMOTIONS_LABELS
from pipelines.labels.configuration import LabelSettings
from pipelines.labels.content_hash import frame_hash
from pipelines.labels.functions.emotions import RECIPE, emotion_rater
from pipelines.labels.raters import labels_rater
from pipelines.labels.text_rater import rate, tokenize


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


def tag_emotions(labels: Path, path: str) -> pd.DataFrame:
    """`read_utterances` of the corpus at `path` with a further column `emotion`, the likeliest GoEmotions label's name.

    The tags are kept beside the rater, by a hash of the utterances, and found again there.

    Args:
        labels: a labels folder of `empathy label`, made with the function `emotions`, whose rater is used.
        path: of the corpus, as for `read_empatheticdialogues`.

    Raises:
        UserError: the corpus cannot be read, or the labels folder or its rater is not there.
    """
    settings, folder = labels_rater(labels, "emotions")
    utterances = read_utterances(path)
    file = folder / f"tags-{frame_hash(utterances)[:16]}.parquet"
    if not file.is_file():
        names = np.array(GOEMOTIONS_LABELS, dtype=object)
        tagged = utterances.assign(emotion=names[_top_labels(utterances["text"].tolist(), settings, folder)])
        write_with(file, tagged.to_parquet)
    return pd.read_parquet(file)


def _top_labels(texts: list[str], settings: LabelSettings, folder: Path) -> np.ndarray:
    rater = emotion_rater(settings, folder)
    tokenizer = load_tokenizer(settings.encoder)
    return rate(rater, tokenize(tokenizer, texts, None, RECIPE.length), tokenizer.pad_token_id).argmax(axis=1)
