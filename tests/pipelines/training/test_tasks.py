"""What a stage trains on: true pairs, made-up pairs beside them, and what is checked before."""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from modeling.encoder import load_tokenizer
from pipelines.data.corpus import Corpus
from pipelines.data.encoding import NO_EMOTION
from pipelines.data.goemotions import GOEMOTIONS_LABELS
from pipelines.data.prepare import prepare_corpus
from pipelines.errors import UserError
from pipelines.training.configuration import AugmentationSettings, DataSettings, StageSettings
from pipelines.training.families import load_family
from pipelines.training.tasks import StageTask, augment_stage, build_task, check_stages

NEUTRAL = AugmentationSettings("context", {"swap_different_emotion": 1.0, "phrase_in_neutral": 1.0})
MakeData = Callable[..., DataSettings]


@pytest.fixture
def make_data(tiny_corpus: str, tiny_ratings: str) -> MakeData:
    def make(**changes: object) -> DataSettings:
        settings = {"path": tiny_corpus, "labels": "human_ratings", "labels_path": tiny_ratings} | changes
        return DataSettings(**settings)  # type: ignore[arg-type]

    return make


def task_of(family: str, objective: str, data: DataSettings, encoder: str, **stage: int) -> StageTask:
    loaded = load_family(family)
    model = loaded.model.from_encoder(encoder, view_length=64, seen=data.seen)
    settings = StageSettings(objective, **stage)
    corpus: Corpus = prepare_corpus(data)
    augmentation = augment_stage(settings, loaded, corpus, data)
    return build_task(settings, loaded, model, corpus, data, load_tokenizer(encoder), augmentation)


@pytest.mark.parametrize(("family", "objective"), [("mvc", "cascade"), ("baseline", "multitask")])
def test_made_up_rows_are_trained_beside_the_true_ones(
    family: str, objective: str, make_data: MakeData, tiny_bert: str
) -> None:
    plain = task_of(family, objective, make_data(), tiny_bert)
    task = task_of(family, objective, make_data(augmentation=NEUTRAL), tiny_bert)
    assert task.train[: len(plain.train)] == plain.train
    assert len(task.train) == 3 * len(plain.train) == 27
    assert task.valid == plain.valid, "only the training split is augmented"
    neutral = task.train[18:]
    assert {row.emotion for row in neutral} == {NO_EMOTION}
    assert {round(row.empathy, 4) for row in task.train[9:]} == {1.4}


def test_a_batch_of_rows_without_an_emotion_has_a_loss(make_data: MakeData, tiny_bert: str) -> None:
    task = task_of("mvc", "cascade", make_data(augmentation=NEUTRAL), tiny_bert)
    output = task.module(task.collate(task.train[18:22]))
    assert output.emotion_loss.item() == 0.0
    assert math.isfinite(output.loss.item())
    output.loss.backward()
    gradients = [weight.grad for weight in task.module.parameters() if weight.grad is not None]
    assert all(bool(torch.isfinite(gradient).all()) for gradient in gradients)


def test_made_from_the_dialogues_of_the_stage_alone(make_data: MakeData) -> None:
    data = make_data(augmentation=NEUTRAL)
    corpus, family = prepare_corpus(data), load_family("mvc")
    made = augment_stage(StageSettings("cascade", max_dialogues=3), family, corpus, data)
    assert made is not None
    chosen = {row["conv_id"] for row in made.rows}
    assert len(chosen) == 3
    swapped = [row["response"] for row in made.rows if row["label_source"].endswith("swap_different_emotion")]
    own = {row["response"] for row in corpus.examples["train"] if row["conv_id"] in chosen}
    assert set(swapped) <= own


def test_only_stages_that_train_the_score_are_augmented(make_data: MakeData) -> None:
    data = make_data(augmentation=NEUTRAL)
    corpus, family = prepare_corpus(data), load_family("mvc")
    assert augment_stage(StageSettings("emotion"), family, corpus, data) is None
    assert augment_stage(StageSettings("goemotions"), family, corpus, data) is None
    assert augment_stage(StageSettings("cascade"), family, corpus, make_data()) is None
    with pytest.raises(UserError, match=r"data\.augmentation: expected a stage that trains the score, got emotion;"):
        check_stages(family, [StageSettings("emotion")], data)
    unknown = make_data(augmentation=AugmentationSettings("context", {"swap": 0.5}))
    with pytest.raises(UserError, match=r"data\.augmentation\.variants: expected some of .*, got 'swap'"):
        check_stages(family, [StageSettings("cascade")], unknown)


def test_neutral_comments_are_used_where_goemotions_is_given(make_data: MakeData, tmp_path: Path) -> None:
    (tmp_path / "labels.txt").write_text("\n".join(GOEMOTIONS_LABELS) + "\n")
    lines = "".join(f"The bus is number {word}.\t27\tc{word}\n" for word in ("one", "two", "three", "four"))
    for name in ("train", "dev", "test"):
        (tmp_path / f"{name}.tsv").write_text(lines)
    data = make_data(augmentation=NEUTRAL, goemotions_path=str(tmp_path))
    made = augment_stage(StageSettings("cascade"), load_family("mvc"), prepare_corpus(data), data)
    assert made is not None
    contexts = [row["dialogue_context"][0]["text"] for row in made.rows]
    assert sum(context.startswith("The bus is number") for context in contexts) == 5  # rows 1, 2, 5, 6 and 9 of 9


@pytest.mark.parametrize("seen", ["response", "context"])
@pytest.mark.parametrize(("family", "objective"), [("mvc", "cascade"), ("stm", "emotion"), ("stm", "multitask")])
def test_a_twin_trains_on_what_it_is_shown(
    seen: str, family: str, objective: str, make_data: MakeData, tiny_encoder: str
) -> None:
    both = task_of(family, objective, make_data(), tiny_encoder)
    twin = task_of(family, objective, make_data(seen=seen), tiny_encoder)
    mean = [np.mean([len(row.input_ids) for row in task.train]) for task in (twin, both)]
    assert mean[0] < mean[1]
    output = twin.module(twin.collate(twin.train[:3]))
    assert math.isfinite(output.loss.item())
    output.loss.backward()
