"""Reader of EmpatheticDialogues: invented rows with the quirks of the official files; the real files where present."""

import csv
import io
import tarfile
import time
from pathlib import Path

import datasets
import pyarrow
import pyarrow.parquet
import pytest

from pipelines.data.corpus import Corpus, ReaderReport
from pipelines.data.dialogue import SPLITS
from pipelines.data.empatheticdialogues import read_dialogues, read_empatheticdialogues
from pipelines.data.empatheticdialogues_files import COLUMNS
from pipelines.data.exclude import read_exclude_ids
from pipelines.data.features import EXAMPLE_FEATURES
from pipelines.errors import UserError

HEADER = ",".join(COLUMNS)
REAL = Path(__file__).parents[3] / "data"

TRAIN = [
    "hit:1_conv:1,1,proud,My son_comma_ aged nine_comma_ won.,4,He won  the race_comma_ all of it!,5|5|5_4|5|5,",
    "hit:1_conv:1,2,proud,My son_comma_ aged nine_comma_ won.,75,Wow!,5|5|5_4|5|5,",
    "hit:1_conv:1,3,proud,My son_comma_ aged nine_comma_ won.,4,I cried.,5|5|5_4|5|5,",
    "hit:1_conv:1,4,proud,My son_comma_ aged nine_comma_ won.,75, Of course you did. ,5|5|5_4|5|5,",
    # turns of one speaker in a row, a situation of one character
    "hit:1_conv:2,1,sad,.,1,The cat,,",
    "hit:1_conv:2,2,sad,.,1,is gone.,,",
    "hit:1_conv:2,3,sad,.,0,Oh no.,,",
    "hit:1_conv:2,4,sad,.,0,Since when?,,",
    # a situation that test holds too, in another case
    "hit:2_conv:3,1,angry,THEY towed my van.,0,They towed it.,,",
    "hit:2_conv:3,2,angry,THEY towed my van.,1,Where to?,,",
    # nobody answers
    "hit:2_conv:4,1,lonely,Nobody rang.,0,Nobody rang today.,,",
    # a broken third row: the first answer still has its whole history
    "hit:3_conv:5,1,joyful,Snow fell.,0,Snow!,,",
    "hit:3_conv:5,2,joyful,Snow fell.,1,How deep?,,",
    "hit:3_conv:5,3,joyful,Snow, at last, fell.,0,Knee deep.,,",
    "hit:3_conv:5,4,joyful,Snow fell.,1,Lovely.,,",
    # surplus and missing columns
    "hit:3_conv:6,1,afraid,A bear.,0,I met a bear.,,,x,y",
    "hit:3_conv:6,2,afraid,A bear.,1,Did it run?",
]
VALID = [
    "hit:4_conv:7,1,sad,.,0,I dropped it.,,,a|b",
    "hit:4_conv:7,2,sad,.,1,What was it?,,,a|b",
]
TEST = [
    "hit:5_conv:8,1,angry,They towed my  van.,0,They towed my van.,,,a|b",
    "hit:5_conv:8,2,angry,They towed my  van.,1,That is maddening.,,,a|b",
    "hit:5_conv:9,1,content,Tea.,0,Tea and a book.,,,a|b",
    "hit:5_conv:9,2,content,Tea.,1,Bliss.,,,a|b",
]


def write_corpus(folder: Path, train: list[str] = TRAIN, valid: list[str] = VALID, test: list[str] = TEST) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for split, lines in zip(SPLITS, (train, valid, test), strict=True):
        (folder / f"{split}.csv").write_text("\n".join([HEADER, *lines]) + "\n", encoding="utf-8")
    return folder


def read(path: Path | str, exclude: frozenset[str] = frozenset(), strict: bool = False) -> Corpus:
    return read_empatheticdialogues(str(path), exclude, strict)


def rows(corpus: Corpus) -> dict[str, list[dict]]:
    return {split: corpus.examples[split].to_list() for split in SPLITS}


def test_examples_of_a_plain_dialogue(tmp_path: Path) -> None:
    corpus = read(write_corpus(tmp_path))
    assert corpus.name == "empatheticdialogues"
    assert all(corpus.examples[split].features == EXAMPLE_FEATURES for split in SPLITS)
    first, second = corpus.examples["train"].to_list()[:2]
    assert first["example_id"] == "hit:1_conv:1/2"
    assert second == {
        "example_id": "hit:1_conv:1/4",
        "conv_id": "hit:1_conv:1",
        "turn": 4,
        "split": "train",
        "situation": "My son, aged nine, won.",
        "dialogue_context": [
            {"role": "speaker", "text": "He won the race, all of it!"},
            {"role": "listener", "text": "Wow!"},
            {"role": "speaker", "text": "I cried."},
        ],
        "response": "Of course you did.",
        "emotion": corpus.examples["train"].features["emotion"].str2int("proud"),
        "empathy": None,
        "label_source": "",
    }


def test_quirks_are_handled_and_counted(tmp_path: Path) -> None:
    corpus = read(write_corpus(tmp_path))
    assert [row["example_id"] for row in corpus.examples["train"]] == [
        "hit:1_conv:1/2",
        "hit:1_conv:1/4",
        "hit:1_conv:2/3",
        "hit:3_conv:5/2",
        "hit:3_conv:6/2",
    ]
    merged = corpus.examples["train"][2]
    assert merged["dialogue_context"] == [{"role": "speaker", "text": "The cat is gone."}]
    assert (merged["response"], merged["situation"], merged["turn"]) == ("Oh no. Since when?", "", 3)
    assert corpus.report.to_dict() == {
        "corpus": "empatheticdialogues",
        "kept": {
            "train": {"dialogues": 4, "examples": 5},
            "valid": {"dialogues": 1, "examples": 1},
            "test": {"dialogues": 2, "examples": 2},
        },
        "dropped": {
            "train": {
                "rows_malformed": 1,
                "rows_after_malformed": 1,
                "dialogues_situation_in_other_split": 1,
                "examples_situation_in_other_split": 1,
                "dialogues_without_listener_turn": 1,
            }
        },
        "noted": {
            "train": {
                "rows_extra_columns": 1,
                "rows_missing_columns": 1,
                "turns_merged": 2,
                "dialogues_short_situation": 1,
            },
            "valid": {"dialogues_short_situation": 1},
        },
    }
    assert corpus.report.lines()[1:] == [
        "empatheticdialogues valid: 1 dialogues; 1 examples; noted: dialogues short situation 1",
        "empatheticdialogues test: 2 dialogues; 2 examples",
    ]


def test_a_broken_first_row_or_a_cut_line_takes_its_dialogue_with_it(tmp_path: Path) -> None:
    train = [
        "hit:1_conv:1,one,sad,It rained.,0,Rain.,,",
        "hit:1_conv:1,2,sad,It rained.,1,Again?,,",
        "hit:1_conv:2,1,sad,It rained.,0,Rain.,,",
        "and more rain,,",
        "hit:1_conv:2,2,sad,It rained.,1,Again?,,",
        "hit:1_conv:3,2,sad,It rained.,1,A second turn without a first,,",
        "hit:1_conv:4,1,sad,It rained.,0,,,",
        "hit:1_conv:5,1,sad,It rained.,0,Rain.,,",
        "hit:1_conv:5,2,sad,It rained.,1,,,",
        "hit:1_conv:5,3,sad,It rained.,0,Rain.,,",
        "hit:1_conv:5,4,sad,It rained.,1,Yes.,,",
    ]
    corpus = read(write_corpus(tmp_path, train))
    assert [row["example_id"] for row in corpus.examples["train"]] == ["hit:1_conv:5/4"]
    assert corpus.examples["train"][0]["dialogue_context"] == [{"role": "speaker", "text": "Rain. Rain."}]
    assert corpus.report.dropped["train"] == {
        "rows_malformed": 2,
        "rows_after_malformed": 2,
        "dialogues_malformed": 1,
        "dialogues_without_listener_turn": 1,
        "dialogues_without_first_turn": 2,
        "rows_empty_utterance": 1,
    }


def test_excluded_ids_leave_every_split_and_their_situations_the_earlier_ones(tmp_path: Path) -> None:
    exclude = frozenset({"hit:1_conv:1", "hit:5_conv:8", "hit:9_conv:99"})
    corpus = read(write_corpus(tmp_path), exclude)
    kept = {row["conv_id"] for split in rows(corpus).values() for row in split}
    assert kept == {"hit:1_conv:2", "hit:3_conv:5", "hit:3_conv:6", "hit:4_conv:7", "hit:5_conv:9"}
    assert corpus.report.dropped["train"]["dialogues_excluded_id"] == 1
    assert corpus.report.dropped["train"]["examples_excluded_id"] == 2
    assert corpus.report.dropped["train"]["dialogues_situation_in_other_split"] == 1
    assert corpus.report.dropped["test"] == {"dialogues_excluded_id": 1, "examples_excluded_id": 1}
    assert corpus.report.noted["corpus"] == {"exclude_ids_given": 3, "exclude_ids_not_in_corpus": 1}


def test_valid_keeps_what_train_holds_too_and_same_split_sharing_is_noted(tmp_path: Path) -> None:
    train = ["hit:1_conv:1,1,sad,It rained.,0,Rain.,,", "hit:1_conv:1,2,sad,It rained.,1,Oh.,,", *TRAIN[:4]]
    valid = [line.replace("conv:1,", "conv:50,").replace("conv:2,", "conv:51,") for line in train[:2]]
    valid += [line.replace("conv:50,", "conv:52,") for line in valid]
    corpus = read(write_corpus(tmp_path, [*train[:2], *TRAIN[4:]], valid), frozenset({"hit:1_conv:52"}))
    assert "hit:1_conv:1" not in {row["conv_id"] for row in corpus.examples["train"]}
    assert [row["conv_id"] for row in corpus.examples["valid"]] == ["hit:1_conv:50"]
    assert corpus.report.noted["valid"] == {"dialogues_sharing_situation_with_excluded": 1}


def test_a_dialogue_id_in_two_splits_stays_in_the_later_one(tmp_path: Path) -> None:
    corpus = read(write_corpus(tmp_path, [*TRAIN, *[line.replace("Tea", "Tee") for line in TEST[2:]]]))
    assert corpus.report.dropped["train"]["dialogues_conv_id_in_other_split"] == 1
    assert not {row["conv_id"] for row in corpus.examples["train"]} & {
        row["conv_id"] for row in corpus.examples["test"]
    }


def test_strict_names_the_line_what_was_expected_and_the_fix(tmp_path: Path) -> None:
    folder = write_corpus(tmp_path)
    with pytest.raises(UserError) as error:
        read(folder, strict=True)
    message = str(error.value)
    assert message.startswith(f"{folder / 'train.csv'}:15: expected conv_id,utterance_idx,context,prompt,speaker_idx")
    assert "came speaker_idx 'at last'" in message
    assert "empatheticdialogues.tar.gz" in message
    assert "strict off" in message


@pytest.mark.parametrize(
    ("line", "came"),
    [
        ("hit:1_conv:1,1,sad,x", "came 4 columns"),
        (",1,sad,It rained.,0,Rain.", "came an empty conv_id"),
        ("hit:1_conv:1,1.5,sad,It rained.,0,Rain.", "came utterance_idx '1.5'"),
        ("hit:1_conv:1,1,glad,It rained.,0,Rain.", "came emotion 'glad'"),
    ],
)
def test_strict_says_what_came(tmp_path: Path, line: str, came: str) -> None:
    with pytest.raises(UserError, match=r"train\.csv:2: .*" + came):
        read(write_corpus(tmp_path, [line, *TRAIN[:4]]), strict=True)


def test_places_that_hold_no_corpus(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="expected a path to the corpus, came none"):
        read_empatheticdialogues(None, frozenset(), False)
    with pytest.raises(
        UserError,
        match=r"nowhere: expected a folder or a \.tar, .* came no such file or folder; fetch it with",
    ):
        read(tmp_path / "nowhere")
    (write_corpus(tmp_path / "two") / "valid.csv").unlink()
    with pytest.raises(
        UserError,
        match=r"valid\.csv: expected the valid split, came No such file or directory; fetch it with",
    ):
        read(tmp_path / "two")
    folder = write_corpus(tmp_path / "quoted")
    (folder / "test.csv").write_text('"conv_id","utterance_idx"\n', encoding="utf-8")
    with pytest.raises(UserError, match=r"test\.csv:1: expected the header conv_id,"):
        read(folder)
    with pytest.raises(UserError, match=r"valid\.csv: expected rows of .*, came none that can be used"):
        read(write_corpus(tmp_path / "empty", valid=["x,y"]))


def test_wrong_encoding_names_the_line(tmp_path: Path) -> None:
    folder = write_corpus(tmp_path)
    (folder / "train.csv").write_bytes("\n".join([HEADER, TRAIN[0], "hit:1_conv:9,1,sad,café"]).encode("cp1252"))
    with pytest.raises(
        UserError, match=r"train\.csv:3: expected UTF-8 text, came the byte 0xe9; save the file as UTF-8"
    ):
        read(folder)


@pytest.mark.parametrize("name", ["ed.tar.gz", "ed.tgz", "ed.tar"])
def test_an_archive_reads_like_its_folder(tmp_path: Path, name: str) -> None:
    folder = write_corpus(tmp_path / "empatheticdialogues")
    (folder / "._train.csv").write_text("left by another system")
    with tarfile.open(tmp_path / name, "w:gz" if name.endswith("gz") else "w") as tar:
        tar.add(folder, arcname="some/inner/folder")
    assert rows(read(tmp_path / name)) == rows(read(folder))


def test_a_damaged_or_incomplete_archive(tmp_path: Path) -> None:
    folder = write_corpus(tmp_path / "empatheticdialogues")
    with tarfile.open(tmp_path / "ed.tar.gz", "w:gz") as tar:
        tar.add(folder / "train.csv", arcname="train.csv")
    with pytest.raises(UserError, match=r"expected valid\.csv inside, came \['train\.csv'\]"):
        read(tmp_path / "ed.tar.gz")
    whole = (tmp_path / "ed.tar.gz").read_bytes()
    for data in (whole[: len(whole) // 2], b"not an archive"):
        (tmp_path / "ed.tar.gz").write_bytes(data)
        with pytest.raises(UserError, match="expected a whole archive, came a damaged one"):
            read(tmp_path / "ed.tar.gz")


def as_the_hub_reads(file: Path) -> dict[str, list[str]]:
    """Columns as the Hub's conversion has them: its script reads the unquoted files with quoting."""
    read_rows = list(csv.DictReader(io.StringIO(file.read_text(encoding="utf-8"), newline="")))
    columns: dict[str, list] = {name: [row[name] or "" for row in read_rows] for name in COLUMNS}
    for name in ("utterance_idx", "speaker_idx"):
        columns[name] = [int(value) for value in columns[name]]
    return columns


QUOTED = [
    'hit:7_conv:20,1,proud,"Best in show" they said.,0,"Best in show" they said.,,',
    'hit:7_conv:20,2,proud,"Best in show" they said.,1,Your dog? That\'s great.,,',
    'hit:7_conv:21,1,sad,I lost it.,0,"I lost it_comma_ my ring.,,',
    "hit:7_conv:21,2,sad,I lost it.,1,Oh no.,,",
    'hit:7_conv:21,3,sad,I lost it.,0,At the "lake_comma_ I think.,,',
    "hit:7_conv:21,4,sad,I lost it.,1,Can I help you look?,,",
]


def test_parquet_gives_the_dialogues_of_the_csv(tmp_path: Path) -> None:
    plain = [line for line in TRAIN if line.count(",") == 7] + QUOTED
    folder = write_corpus(tmp_path / "csv", plain)
    for split, name in zip(SPLITS, ("train", "validation", "test"), strict=True):
        file = tmp_path / "parquet" / "default" / name / "0000.parquet"
        file.parent.mkdir(parents=True)
        pyarrow.parquet.write_table(pyarrow.table(as_the_hub_reads(folder / f"{split}.csv")), file)
    swallowed = pyarrow.parquet.read_table(tmp_path / "parquet" / "default" / "train" / "0000.parquet")
    assert swallowed.num_rows < len(plain)  # the quirk is there to be undone

    def without_quotes(corpus: Corpus) -> str:
        return repr(rows(corpus)).replace('"', "").replace("'", "").replace("\\", "")

    assert without_quotes(read(tmp_path / "parquet")) == without_quotes(read(folder))


def test_parquet_with_a_missing_split_column_or_damage(tmp_path: Path) -> None:
    table = pyarrow.table({name: ["1"] for name in COLUMNS})
    pyarrow.parquet.write_table(table, tmp_path / "train-00000-of-00001.parquet")
    with pytest.raises(
        UserError,
        match="expected the splits train, valid, test, came train; fetch it with",
    ):
        read(tmp_path)
    pyarrow.parquet.write_table(table.drop_columns(["prompt"]), tmp_path / "train-00000-of-00001.parquet")
    with pytest.raises(UserError, match=r"\(train\): expected the columns .* missing \['prompt'\]"):
        read(tmp_path)
    (tmp_path / "test.parquet").write_bytes(b"nothing of the sort")
    with pytest.raises(UserError, match=r"test\.parquet: expected a readable parquet file"):
        read(tmp_path)


def test_the_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_corpus(tmp_path, TRAIN[:11])
    asked = []

    def load_dataset(name: str, revision: str) -> datasets.DatasetDict:
        asked.append((name, revision))
        splits = {"train": "train", "validation": "valid", "test": "test"}
        columns = {name: as_the_hub_reads(folder / f"{split}.csv") for name, split in splits.items()}
        return datasets.DatasetDict({name: datasets.Dataset.from_dict(one) for name, one in columns.items()})

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    assert rows(read("hub")) == rows(read(folder))
    assert asked == [("facebook/empathetic_dialogues", "refs/convert/parquet")]

    def unreachable(name: str, revision: str) -> None:
        raise ConnectionError("Couldn't reach it")

    monkeypatch.setattr(datasets, "load_dataset", unreachable)
    with pytest.raises(
        UserError, match=r"Hub, came ConnectionError: Couldn't reach it; check the network, or fetch it with"
    ):
        read("hub")


def test_selfeval_stays_within_reach(tmp_path: Path) -> None:
    dialogues = read_dialogues(str(write_corpus(tmp_path)), ReaderReport("empatheticdialogues"), strict=False)
    assert dialogues["train"][0].selfeval == "5|5|5_4|5|5"
    assert dialogues["train"][1].selfeval == ""


@pytest.mark.skipif(not (REAL / "empatheticdialogues").is_dir(), reason="data/empatheticdialogues is not here")
def test_every_listener_turn_of_the_real_files_is_kept_or_counted() -> None:
    exclude = read_exclude_ids(str(REAL / "reserved_ids.json"), "empatheticdialogues")
    for ids in (frozenset(), exclude):
        started = time.perf_counter()
        corpus = read(REAL / "empatheticdialogues", ids, strict=True)
        assert time.perf_counter() - started < 20
        dropped = corpus.report.dropped
        counted = {
            split: corpus.report.kept[split]["examples"]
            + sum(count for reason, count in dropped[split].items() if reason.startswith("examples_"))
            for split in SPLITS
        }
        assert counted == {"train": 40278, "valid": 5730, "test": 5255}
        assert sum(counted.values()) == 51263
        assert sum(dropped[split].get("dialogues_excluded_id", 0) for split in SPLITS) == len(ids)
        conv_ids = [set(corpus.examples[split]["conv_id"]) for split in SPLITS]
        assert len(set.union(*conv_ids)) == sum(map(len, conv_ids))
        assert not set.union(*conv_ids) & ids
        situations = [{text.casefold() for text in corpus.examples[split]["situation"]} - {""} for split in SPLITS]
        assert len(set.union(*situations)) == sum(map(len, situations))
        assert len(set(corpus.examples["train"]["example_id"])) == corpus.report.kept["train"]["examples"]
