"""Reader of GoEmotions."""

from pathlib import Path

import datasets
import pytest

from pipelines.data.corpus import ReaderReport
from pipelines.data.goemotions import GOEMOTIONS_FEATURES, GOEMOTIONS_LABELS, read_goemotions
from pipelines.errors import UserError

REAL = Path(__file__).parents[3] / "data" / "goemotions"


def write_corpus(folder: Path, train: str = "So  kind of you!\t15\ta1\n", labels: str = "emotions.txt") -> Path:
    (folder / "train.tsv").write_text(train, encoding="utf-8")
    (folder / "dev.tsv").write_text("text\tlabel\tid\nHm.\t6,7\tb1\n", encoding="utf-8")
    (folder / "test.tsv").write_text('"She said ""no"" again."\t3\tc1\nOk.\t27\tc2\n', encoding="utf-8")
    (folder / labels).write_text("\n".join(GOEMOTIONS_LABELS), encoding="utf-8")
    return folder


@pytest.mark.parametrize("labels", ["emotions.txt", "labels.txt"])
def test_folder(tmp_path: Path, labels: str) -> None:
    report = ReaderReport("goemotions")
    read = read_goemotions(str(write_corpus(tmp_path, labels=labels)), frozenset({"c2", "zz"}), report)
    assert {split: table.to_list() for split, table in read.items()} == {
        "train": [{"comment_id": "a1", "text": "So kind of you!", "labels": [15]}],
        "valid": [{"comment_id": "b1", "text": "Hm.", "labels": [6, 7]}],
        "test": [{"comment_id": "c1", "text": 'She said "no" again.', "labels": [3]}],
    }
    assert read["train"].features == GOEMOTIONS_FEATURES
    assert report.dropped["test"] == {"examples_excluded_id": 1}
    assert report.noted["test"] == {"rows_unquoted": 1}
    assert report.noted["corpus"] == {"exclude_ids_given": 2, "exclude_ids_not_in_corpus": 1}
    assert report.lines()[2] == "goemotions test: 1 examples; dropped: examples excluded id 1; noted: rows unquoted 1"


@pytest.mark.parametrize(
    ("train", "message"),
    [
        ("Fine.\t0\ta1\nBroken 3 a2\n", r"train\.tsv:2: expected text, label ids and comment id .* came 1 columns"),
        ("Fine.\t28\ta1\n", r"train\.tsv:1: expected label ids from 0 to 27 .* came label id '28'"),
        ("Fine.\t1,joy\ta1\n", r"train\.tsv:1: .* came label id 'joy'"),
        ("Fine.\t\ta1\n", r"train\.tsv:1: .* came label id ''"),
        ("Fine.\t1\t\n", r"train\.tsv:1: .* came an empty comment id"),
        ("", "expected comments in the train split, came none"),
    ],
)
def test_broken_lines(tmp_path: Path, train: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        read_goemotions(str(write_corpus(tmp_path, train)), frozenset())


def test_missing_files_and_other_labels(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"expected a folder with GoEmotions, came no such folder; fetch it"):
        read_goemotions(str(tmp_path / "nowhere"), frozenset())
    with pytest.raises(UserError, match=r"emotions\.txt: expected the names of the labels, came No such file"):
        read_goemotions(str(tmp_path), frozenset())
    folder = write_corpus(tmp_path)
    (folder / "emotions.txt").write_text("admiration\namusement\nrage\n")
    with pytest.raises(UserError, match=r"emotions\.txt:3: expected anger, came 'rage'"):
        read_goemotions(str(folder), frozenset())
    (folder / "emotions.txt").write_text("admiration\namusement\n")
    with pytest.raises(UserError, match=r"emotions\.txt:3: expected anger, came the end of the file"):
        read_goemotions(str(folder), frozenset())
    write_corpus(tmp_path)
    (folder / "dev.tsv").unlink()
    with pytest.raises(UserError, match=r"dev\.tsv: expected the valid split, came No such file"):
        read_goemotions(str(folder), frozenset())


def test_the_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    features = datasets.Features(
        {
            "text": datasets.Value("string"),
            "labels": datasets.List(datasets.ClassLabel(names=list(GOEMOTIONS_LABELS))),
            "id": datasets.Value("string"),
        }
    )
    table = datasets.Dataset.from_dict({"text": [" Hm. "], "labels": [[6, 7]], "id": ["b1"]}, features=features)
    asked = []

    def load_dataset(name: str, config: str) -> datasets.DatasetDict:
        asked.append((name, config))
        return datasets.DatasetDict({"train": table, "validation": table, "test": table})

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    read = read_goemotions("hub", frozenset())
    assert read["valid"].to_list() == [{"comment_id": "b1", "text": "Hm.", "labels": [6, 7]}]
    assert asked == [("google-research-datasets/go_emotions", "simplified")]

    def unreachable(name: str, config: str) -> None:
        raise ConnectionError("Couldn't reach it")

    monkeypatch.setattr(datasets, "load_dataset", unreachable)
    with pytest.raises(UserError, match="Hub, came ConnectionError: Couldn't reach it; check the network, or fetch"):
        read_goemotions("hub", frozenset())


@pytest.mark.skipif(not REAL.is_dir(), reason="data/goemotions is not here")
def test_real_files() -> None:
    read = read_goemotions(str(REAL), frozenset())
    assert {split: table.num_rows for split, table in read.items()} == {"train": 43410, "valid": 5426, "test": 5427}
    assert sum(len(labels) > 1 for labels in read["train"]["labels"]) == 7102
