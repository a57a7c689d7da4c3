import csv
from pathlib import Path

from pipelines.data.features import EXAMPLE_FEATURES
from pipelines.probes.pairs import distinct, one_turn, pair_id, pair_row, write_pairs


def test_the_id_is_of_the_text_alone_and_does_not_change() -> None:
    assert pair_id(one_turn("I lost."), "Oh no.") == "e7ce2d5845c346ef"
    assert pair_id(one_turn("I lost."), "Oh no!") != pair_id(one_turn("I lost."), "Oh no.")
    listener = [{"role": "listener", "text": "I lost."}]
    assert pair_id(listener, "Oh no.") != pair_id(one_turn("I lost."), "Oh no.")


def test_a_row_has_every_column_of_an_example() -> None:
    row = pair_row(one_turn("I lost."), "Oh no.")
    assert set(row) == set(EXAMPLE_FEATURES)
    assert (row["split"], row["situation"], row["emotion"], row["empathy"]) == ("", "", None, None)


def test_pairs_are_written_once_each(tmp_path: Path) -> None:
    context = [*one_turn('He said "no", then'), {"role": "listener", "text": "Why?"}, *one_turn("Who knows")]
    rows = [pair_row(context, "Hm."), pair_row(one_turn("a"), "b"), pair_row(context, "Hm.")]
    assert len(distinct(rows)) == 2
    assert write_pairs(tmp_path / "pairs.csv", rows) == 2
    with (tmp_path / "pairs.csv").open(newline="") as handle:
        first, second = csv.DictReader(handle)
    assert first == {
        "pair_id": rows[0]["example_id"],
        "context": 'speaker: He said "no", then\nlistener: Why?\nspeaker: Who knows',
        "response": "Hm.",
    }
    assert (second["context"], second["response"]) == ("speaker: a", "b")
