"""What the released scorer says of a listener turn. It is installed with the package, so this needs no other corpus.

The scorer learnt from hybrid labels of training dialogues and from EPITOME's levels. So its word on a training dialogue
is partly an echo of those labels: agreement with people is to be read on validation dialogues.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd

from pipelines.atomic import write_array
from pipelines.labels.configuration import LabelSettings
from pipelines.labels.functions.labelling_function import LabellingFunction
from pipelines.progress import progress_bar
from pipelines.scoring.checkpoint import RELEASED as RELEASED_FOLDER
from pipelines.scoring.checkpoint import score_files
from pipelines.scoring.reader import pair_row
from pipelines.scoring.results import Score
from pipelines.scoring.scorer import CHUNK, EmpathyScorer

MECHANISMS = ("emotional_reactions", "interpretations", "explorations")
# Of the 32 emotions of EmpatheticDialogues, those that something good gives.
PLEASANT = (
    "caring", "confident", "content", "excited", "faithful", "grateful", "hopeful", "impressed", "joyful", "prepared",
    "proud", "trusting",
)  # fmt: skip
LONGEST = 4000  # characters of a text; what is beyond is not read anyway
VALUES = {
    "quality": "what the response is worth in itself, 1 to 5",
    "belonging": "share of that which it keeps because it belongs in its context",
    "occasion": "share of that which it keeps because the context calls for empathy",
    "pleasant": "probability that the speaker feels something pleasant",
    "certain": "probability of the speaker's likeliest emotion",
    **{f"{name}_{level}": f"probability of {level} {name.replace('_', ' ')}"
       for name in MECHANISMS for level in ("weak", "strong")},
}  # fmt: skip


def _values(score: Score) -> list[float]:
    pleasant = sum(score.emotions[name] for name in PLEASANT)
    levels = [score.mechanisms[name].probabilities[level] for name in MECHANISMS for level in (1, 2)]
    certain = score.emotions[score.emotion]
    return [score.quality, score.belonging, score.occasion, pleasant, certain, *levels]


def _compute(turns: pd.DataFrame, settings: LabelSettings, folder: Path) -> pd.DataFrame:
    """A part of `CHUNK` turns is kept as it is done, so that a killed build goes on with the next."""
    scorer = EmpathyScorer.from_pretrained()
    parts = []
    with progress_bar(total=len(turns), unit="turn", desc="released") as bar:
        for start in range(0, len(turns), CHUNK):
            file = folder / f"part-{start:07d}.npy"
            chunk = turns.iloc[start : start + CHUNK]
            if not file.is_file():
                rows = [
                    pair_row(json.loads(said), response[:LONGEST])
                    for said, response in zip(chunk["said"], chunk["response"], strict=True)
                ]
                write_array(file, np.array([_values(score) for score in scorer.score_rows(rows)], dtype=np.float32))
            parts.append(np.load(file, allow_pickle=False))
            bar.update(len(chunk))
    return pd.DataFrame(np.concatenate(parts), columns=list(VALUES))


RELEASED = LabellingFunction(
    name="released",
    version=1,
    source="the released scorer (pipelines/scoring/released/README.md)",
    values=VALUES,
    reads=("said", "response"),
    compute=_compute,
    files=lambda settings: score_files(RELEASED_FOLDER),
    learns=False,
)
