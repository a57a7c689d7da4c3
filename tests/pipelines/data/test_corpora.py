"""The registries name readers that keep to the contract."""

from pipelines.data.corpora import CORPORA, LABEL_SOURCES
from pipelines.data.dialogue import EMOTIONS, SPLITS
from pipelines.data.features import EXAMPLE_FEATURES


def test_registered_names() -> None:
    assert set(CORPORA) == {"empatheticdialogues", "sample", "replies"}
    assert set(LABEL_SOURCES) == {"human_ratings", "hybrid"}


def test_a_registered_reader_gives_three_splits_of_examples() -> None:
    corpus = CORPORA["sample"](None, frozenset(), False)
    assert corpus.name == "sample"
    assert tuple(corpus.examples) == SPLITS
    assert all(table.features == EXAMPLE_FEATURES for table in corpus.examples.values())


def test_emotions() -> None:
    assert len(EMOTIONS) == 32
    assert list(EMOTIONS) == sorted(EMOTIONS)
    assert EXAMPLE_FEATURES["emotion"].str2int("trusting") == 31
