"""The retrieval bi-encoder through the real command."""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest
import torch
import yaml
from transformers import AutoModel, AutoTokenizer

from modeling.views import CONTEXT, RESPONSE
from peers.retrieval.model import RetrievalOutput
from peers.retrieval.similarity import similarities
from pipelines.conversations import training_dialogues
from pipelines.conversations.retrieval_metrics import average_bleu
from pipelines.data.empatheticdialogues_files import COLUMNS
from pipelines.errors import UserError
from pipelines.peers.retrieval import Cell, Settings
from pipelines.train import main
from pipelines.training import stage
from pipelines.training.batches import plan_epoch
from pipelines.training.parsing import parse_settings

WORDS = "the cat won a race today and she cried at home with all of her old friends in the morning".split()  # noqa: SIM905
DIALOGUES = {"train": 40, "valid": 101, "test": 104}
TURNS = {"train": 4, "valid": 2, "test": 2}  # of both sides, in a dialogue

WriteConfig = Callable[..., str]


def said(split: str, number: int) -> list[str]:
    """What both sides say in turn; no two dialogues say the same, and train's first repeats an utterance."""
    words = random.Random(f"{split}/{number}")
    turns = [" ".join(words.choices(WORDS, k=6)) + "." for _ in range(TURNS[split])]
    return [*turns[:3], turns[1]] if (split, number) == ("train", 0) else turns


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> str:
    """EmpatheticDialogues of invented dialogues."""
    folder = tmp_path_factory.mktemp("dialogues")
    for split, count in DIALOGUES.items():
        lines = [",".join(COLUMNS)]
        for number in range(count):
            for turn, text in enumerate(said(split, number), start=1):
                situation = f"Situation {split} {number}."
                lines.append(f"hit:{number}_conv:{number}{split},{turn},joyful,{situation},{turn % 2},{text},,")
        (folder / f"{split}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(folder)


@pytest.fixture
def write_config(tmp_path: Path, corpus: str, tiny_bert: str) -> WriteConfig:
    """`write_config(data={...}, ...)`: path of a YAML with these sections changed."""

    def write(**changes: dict[str, Any]) -> str:
        settings: dict[str, Any] = {
            "peer": "retrieval",
            "name": "tiny",
            "seeds": [17],
            "data": {"path": corpus},
            "model": {},
            "encoder": {"name_or_path": tiny_bert, "pooling": "mean", "view_length": 32},
            "stages": [{"objective": "retrieval", "epochs": 1, "batch_size": 16, "learning_rate": 1e-3}],
            "output_dir": str(tmp_path / "runs"),
        }
        for name, section in changes.items():
            settings[name] = section if isinstance(section, list) else settings[name] | section
        path = tmp_path / "retrieval.yaml"
        path.write_text(yaml.safe_dump(settings), encoding="utf-8")
        return str(path)

    return write


def read(config: str) -> pd.DataFrame:
    return Cell.read(parse_settings(Settings, [config], "empathy train", ""))


@pytest.mark.parametrize(("similarity", "variant"), [("cosine", "as_is"), ("attention", "as_is-attention")])
def test_the_command_leaves_figures_that_its_predictions_and_its_model_give(
    write_config: WriteConfig, tmp_path: Path, capsys: pytest.CaptureFixture[str], similarity: str, variant: str
) -> None:
    assert main([write_config(model={"similarity": similarity})]) == 0
    folder = tmp_path / "runs" / "tiny" / f"retrieval-{variant}-seed17"
    results = json.loads((folder / "results.json").read_text())
    assert results["counts"] == {"train": 80, "valid": 101, "test": 104}
    printed = capsys.readouterr().out
    for name, value in results["metrics"]["test"].items():
        assert name in printed and f"{value:.4f}" in printed
    for split in ("valid", "test"):
        figures, found = results["metrics"][split], pq.read_table(folder / "predictions" / f"{split}.parquet")
        rows = found.to_pandas()
        assert list(rows) == ["id", "hit", "retrieved_id", "rank"]
        assert figures["p_at_1_100"] == pytest.approx(rows["hit"].mean())
        assert figures["mrr"] == pytest.approx((1 / rows["rank"]).mean())
        assert (rows["hit"] == (rows["id"] == rows["retrieved_id"])).all()
        assert (rows["hit"] == (rows["rank"] == 1)).all()
        assert rows["rank"].between(1, 100).all() and rows["rank"].nunique() > 10
    steps = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    (validated,) = [step for step in steps if step["split"] == "valid"]
    assert validated["p_at_1_100"] == pytest.approx(results["metrics"]["valid"]["p_at_1_100"])
    assert "bleu" not in validated
    assert results["metrics"]["test"]["bleu"] == pytest.approx(bleu_of_the_model(folder / "model") / 100, abs=1e-6)


@torch.no_grad()
def bleu_of_the_model(folder: Path) -> float:
    """Of the training response that is closest to each test context, each text encoded alone."""
    model, tokenizer = AutoModel.from_pretrained(folder).eval(), AutoTokenizer.from_pretrained(folder)

    def vector(text: str, view: int) -> torch.Tensor:
        input_ids = torch.tensor(tokenizer(text)["input_ids"])[None]
        return model.encode_view(input_ids, torch.full_like(input_ids, view), view)[0]

    pool = [text for number in range(DIALOGUES["train"]) for text in said("train", number)[1::2]]
    vectors = torch.stack([vector(text, RESPONSE) for text in pool])
    asked, true = zip(*(said("test", number) for number in range(DIALOGUES["test"])), strict=True)
    best = [pool[int(similarities(vector(text, CONTEXT)[None], vectors).argmax())] for text in asked]
    assert len(set(best)) > 1
    return average_bleu(best, true)


def test_rows_hold_the_whole_history_and_number_the_dialogues(
    write_config: WriteConfig, corpus: str, tiny_bert: str
) -> None:
    settings = parse_settings(Settings, [write_config(encoder={"view_length": 24})], "empathy train", "")
    frame = Cell.read(settings)
    cell = Cell(settings, frame, 17)
    cell.tokenizer = AutoTokenizer.from_pretrained(tiny_bert)
    rows = cell.rows(cell.frames["train"], cell.build_model())
    assert [row.labels["dialogue"] for row in rows[:6]] == [0, 0, 1, 1, 2, 2]
    first, listener, second, _ = said("train", 1)
    history = cell.tokenizer(f"{first} [SEP] {listener} [SEP] {second}")["input_ids"]
    assert len(history) > 24
    context = [token for token, view in zip(rows[3].input_ids, rows[3].view_ids, strict=True) if view == CONTEXT]
    assert context == [history[0], *history[-23:]]  # the newest tokens
    response = [token for token, view in zip(rows[2].input_ids, rows[2].view_ids, strict=True) if view == RESPONSE]
    whole = cell.tokenizer(listener)["input_ids"]
    assert response == [*whole[:13], whole[-1]] if len(whole) > 14 else whole


def test_training_batches_are_drawn_at_random(write_config: WriteConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bool] = []

    def plan(*arguments: Any, similar_lengths: bool, **settings: Any) -> Any:
        asked.append(similar_lengths)
        return plan_epoch(*arguments, similar_lengths=similar_lengths, **settings)

    monkeypatch.setattr(stage, "plan_epoch", plan)
    assert main([write_config()]) == 0
    assert set(asked) == {False}


def test_selections_change_the_training_split_alone(write_config: WriteConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    def tagged(labels: Path, path: str) -> pd.DataFrame:
        rows = [
            (f"hit:{number}_conv:{number}train", turn, "train", role, "joy" if number < 18 else f"emotion {number}")
            for number in range(DIALOGUES["train"])
            for turn, role in enumerate(["speaker", "listener"] * 2, start=1)
        ]
        return pd.DataFrame(rows, columns=["conv_id", "turn", "split", "role", "emotion"])

    monkeypatch.setattr(training_dialogues, "tag_emotions", tagged)
    frames = {
        name: read(write_config(data={"selection": name, "labels": "labels/mine"}))
        for name in ("as_is", "cleaned", "pairs_43", "random_43")
    }
    kept = {name: set(frame.loc[frame["split"] == "train", "conv_id"]) for name, frame in frames.items()}
    # Of the first 18 dialogues, all of joy, the first repeats an utterance.
    assert {name: len(of_one) for name, of_one in kept.items()} == {
        "as_is": 40, "cleaned": 39, "pairs_43": 17, "random_43": 17,
    }  # fmt: skip
    assert kept["as_is"] - kept["cleaned"] == {"hit:0_conv:0train"}
    assert kept["pairs_43"] == {f"hit:{number}_conv:{number}train" for number in range(1, 18)}
    assert kept["random_43"] < kept["cleaned"]
    evaluated = [frame[frame["split"] != "train"].reset_index(drop=True) for frame in frames.values()]
    for other in evaluated[1:]:
        pd.testing.assert_frame_equal(evaluated[0], other)
    limited = read(write_config(data={"max_dialogues": 7, "max_evaluated_dialogues": 100}))
    assert limited.groupby("split")["conv_id"].nunique().to_dict() == {"train": 7, "valid": 100, "test": 100}


def test_names_of_the_variants(write_config: WriteConfig) -> None:
    for similarity, variant in (("cosine", "cleaned"), ("dot", "cleaned-dot"), ("attention", "cleaned-attention")):
        config = write_config(data={"selection": "cleaned"}, model={"similarity": similarity})
        assert parse_settings(Settings, [config], "empathy train", "").variant == variant


def test_the_score_of_a_pair_is_its_similarity_whatever_else_is_in_the_batch() -> None:
    response = torch.nn.functional.normalize(torch.randn(3, 8), dim=-1)
    for context, variant in ((torch.randn(3, 8), "as_is"), (torch.randn(3, 5, 8), "as_is-attention")):
        scores = Cell.empathy(RetrievalOutput(context=context, response=response), variant)
        alone = [similarities(context[row : row + 1], response[row : row + 1]).item() for row in range(3)]
        assert scores.tolist() == pytest.approx(alone, abs=1e-6)


def test_what_is_refused_before_anything_is_trained(write_config: WriteConfig, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="data.labels: expected a labels folder for data.selection random_43, got none"):
        main([write_config(data={"selection": "random_43"})])
    with pytest.raises(UserError, match="expected 99 responses from other dialogues for every context, came 98"):
        main([write_config(data={"max_evaluated_dialogues": 99})])
    with pytest.raises(UserError, match="data.max_dialogues: expected at least 1, or null, got 0"):
        main([write_config(data={"max_dialogues": 0})])
    with pytest.raises(UserError, match="model.cosine_temperature: expected more than 0, got 0.0"):
        main([write_config(model={"cosine_temperature": 0.0})])
    # BLEU is measured once, after training.
    with pytest.raises(UserError, match="select_on of stage 1 to be one of p_at_1_100, mrr, loss, got 'bleu'"):
        main([write_config(stages=[{"objective": "retrieval", "select_on": "bleu"}])])
    assert not (tmp_path / "runs").exists()


def test_the_shipped_configuration() -> None:
    settings = parse_settings(Settings, ["configs/peers/retrieval.yaml"], "empathy train", "")
    assert (settings.variant, settings.seeds, settings.encoder.view_length) == ("as_is", [17, 39, 43], 128)
    (stage,) = settings.stages
    assert (stage.batch_size, stage.epochs, stage.gradient_accumulation) == (128, 3, 1)
