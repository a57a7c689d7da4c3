"""The scores that `empathy label` gave to listener turns, as labels."""

import copy
from pathlib import Path

import pandas as pd
import pyarrow
from datasets import DatasetDict

from pipelines.data.corpus import WHOLE_CORPUS, Corpus
from pipelines.data.dialogue import SPLITS
from pipelines.data.features import with_labels
from pipelines.errors import UserError

FILE = "labels.parquet"
COLUMNS = ("example_id", "split", "empathy", "label_source")


def label_with_hybrid_labels(corpus: Corpus, path: str) -> Corpus:
    """Return `corpus` with `empathy` set to the score of each listener turn.

    Args:
        corpus: examples whose example_id the labels name.
        path: a labels folder of `empathy label`.

    Raises:
        UserError: the folder holds no labels, they lack a column, a score is not from 1 to 5, a turn has two scores or
            is in another split than in the corpus, or an example has no score.
    """
    file = Path(path) / FILE
    if not file.is_file():
        raise UserError(f"{file}: expected labels, there are none; make them: empathy label configs/labels.yaml")
    try:
        labels = pd.read_parquet(file)
    except (pyarrow.ArrowException, OSError) as error:
        raise UserError(f"{file}: expected a parquet file of labels, came {error}; label again") from error
    missing = [name for name in COLUMNS if name not in labels]
    if missing:
        raise UserError(f"{file}: expected the columns {', '.join(COLUMNS)}, missing {', '.join(missing)}; label again")
    if not labels["empathy"].between(1, 5).all():
        raise UserError(f"{file}: expected scores from 1 to 5, came others; label again")
    if len(twice := labels["example_id"][labels["example_id"].duplicated()]):
        raise UserError(f"{file}: expected one score for each turn, came two or more for {twice.iloc[0]}; label again")
    rows = labels.set_index("example_id")
    report = copy.deepcopy(corpus.report)
    used = 0
    examples = DatasetDict()
    for split in SPLITS:
        ids = corpus.examples[split]["example_id"][:]
        unknown = [one for one in ids if one not in rows.index]
        if unknown:
            raise UserError(
                f"{file}: expected a score for each of {len(ids)} turns of the {split} split, came none for "
                f"{len(unknown)}, {unknown[0]} first; label the corpus that is read here"
            )
        own = rows.loc[ids]
        wrong = own.index[own["split"] != split]
        if len(wrong):
            raise UserError(
                f"{file}: expected {wrong[0]} in the {split} split, came {own.loc[wrong[0], 'split']}; "
                "label the corpus that is read here"
            )
        examples[split] = with_labels(corpus.examples[split], own["empathy"].tolist(), own["label_source"].tolist())
        used += len(ids)
    report.note(WHOLE_CORPUS, "labels_of_turns_not_kept", len(labels) - used)
    return Corpus(corpus.name, examples, report)
