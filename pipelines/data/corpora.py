"""The registries: corpora that can be read, sources that can label them. A new one is one file and a line here."""

from collections.abc import Callable

from pipelines.data.corpus import Corpus
from pipelines.data.empatheticdialogues import read_empatheticdialogues
from pipelines.data.human_ratings import label_with_human_ratings
from pipelines.data.hybrid_labels import label_with_hybrid_labels
from pipelines.data.replies import read_replies
from pipelines.data.sample.reader import read_sample

# name -> read(path, exclude, strict)
CORPORA: dict[str, Callable[[str | None, frozenset[str], bool], Corpus]] = {
    "empatheticdialogues": read_empatheticdialogues,
    "sample": read_sample,
    "replies": read_replies,
}

# name -> label(corpus, path), a corpus with `empathy` and `label_source` filled where the source has a label
LABEL_SOURCES: dict[str, Callable[[Corpus, str], Corpus]] = {
    "human_ratings": label_with_human_ratings,
    "hybrid": label_with_hybrid_labels,
}
