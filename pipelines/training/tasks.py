"""What a stage trains on: a module with one forward, its encoded examples, and how its validation is scored."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from accelerate import Accelerator
from sklearn.metrics import f1_score
from torch import nn
from torch.nn import functional

from modeling.base import EmpathyModel
from modeling.heads import Head
from modeling.outputs import EmpathyOutput
from modeling.stages import Batch, Objective
from modeling.views import CONTEXT
from pipelines.data.collator import collate
from pipelines.data.corpus import Corpus
from pipelines.data.encoding import EncodedExample, encode_texts, encode_views
from pipelines.data.exclude import read_exclude_ids
from pipelines.data.goemotions import goemotions_path, read_goemotions
from pipelines.data.prepare import stage_examples
from pipelines.errors import UserError
from pipelines.evaluation.metrics import EMOTION_METRICS, EMPATHY_METRICS, emotion_metrics, empathy_metrics
from pipelines.evaluation.predict import Collate, EncodedRow, Predictions, predict
from pipelines.labels.augmentation.augment import Augmentation, augment, check_variants
from pipelines.labels.augmentation.neutral_comments import neutral_comments
from pipelines.labels.augmentation.phrase_in_neutral import PHRASE_IN_NEUTRAL
from pipelines.training.configuration import DataSettings, StageSettings
from pipelines.training.families import Family

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

GOEMOTIONS = "goemotions"
DIRECTIONS = {name: metric.direction for name, metric in (EMPATHY_METRICS | EMOTION_METRICS).items()}


class StageModule(nn.Module):
    """A model under an objective: one forward from batch to loss, which is what gets distributed."""

    def __init__(self, model: EmpathyModel, objective: Objective) -> None:
        super().__init__()
        self.model = model
        self.objective = objective

    def forward(self, batch: Batch) -> EmpathyOutput:
        return self.objective.loss(self.model, batch)


class GoEmotionsModule(nn.Module):
    """The shared encoder under a multi-label head of its own, which is left behind when the stage ends.

    Demszky et al. 2020, https://arxiv.org/abs/2005.00547: 27 emotions and neutral, binary cross-entropy.
    """

    def __init__(self, model: EmpathyModel, num_labels: int) -> None:
        super().__init__()
        self.model = model
        hidden = model.encoder.backbone.config.hidden_size
        self.goemotions_head = Head(hidden, hidden, num_labels, model.config.head_dropout)

    def forward(self, batch: Batch) -> EmpathyOutput:
        hidden = self.model.encoder(batch["input_ids"], batch["view_ids"])
        logits = self.goemotions_head(self.model.pool(hidden, batch["view_ids"], CONTEXT))
        loss = functional.binary_cross_entropy_with_logits(logits.float(), batch["emotion"])
        return EmpathyOutput(loss=loss, emotion_logits=logits, emotion_loss=loss)


@dataclass
class StageTask:
    """Everything that the training loop needs to know of a stage.

    module: called with a batch, returns a ModelOutput with a loss. train, valid: encoded rows. collate: rows -> batch.
    validate: (module, accelerator) -> metrics of the valid rows by name. directions: in which each gets better; the
    loss, and what is not named, by falling. similar_lengths: whether a batch's rows are of similar length; a loss that
    compares them with each other needs them from anywhere.
    """

    module: nn.Module
    train: Sequence[EncodedRow]
    valid: Sequence[EncodedRow]
    collate: Callable[[Sequence[Any]], dict[str, torch.Tensor]]
    validate: Callable[[nn.Module, Accelerator], dict[str, float | None]]
    directions: Mapping[str, str]
    similar_lengths: bool = True


def check_stages(family: Family, stages: Sequence[StageSettings], data: DataSettings) -> None:
    """Raise UserError for a stage that the family does not have, or a `select_on` that its stage does not measure."""
    for number, stage in enumerate(stages, start=1):
        known = [GOEMOTIONS, *family.objectives]
        if stage.objective not in known:
            raise UserError(
                f"stages: expected the objective of stage {number} to be one of {', '.join(known)} for "
                f"{family.name}, got {stage.objective!r}"
            )
        metrics = {"loss"}
        if stage.objective == GOEMOTIONS:
            metrics |= {"macro_f1"}
            if goemotions_path(data.goemotions_path) is None:
                raise UserError(
                    "data.goemotions_path: expected the folder of GoEmotions for a goemotions stage, got "
                    f"{data.goemotions_path!r}; fetch it with: empathy data goemotions"
                )
        else:
            metrics |= set(EMOTION_METRICS)
            if family.objectives[stage.objective].needs_empathy:
                metrics |= set(EMPATHY_METRICS)
        if stage.select_on is not None and stage.select_on not in metrics:
            raise UserError(
                f"stages: expected select_on of stage {number} ({stage.objective}) to be one of "
                f"{', '.join(sorted(metrics))}, got {stage.select_on!r}"
            )
    if stages[-1].objective == GOEMOTIONS:
        raise UserError("stages: expected a stage on the corpus itself last, got goemotions, whose head is left behind")
    if data.augmentation is not None:
        check_variants(data.augmentation)
        if not any(_trains_score(family, stage) for stage in stages):
            raise UserError(
                "data.augmentation: expected a stage that trains the score, got "
                f"{', '.join(stage.objective for stage in stages)}; set data.augmentation to null"
            )


def _trains_score(family: Family, stage: StageSettings) -> bool:
    return stage.objective != GOEMOTIONS and family.objectives[stage.objective].needs_empathy


def augment_stage(stage: StageSettings, family: Family, corpus: Corpus, data: DataSettings) -> Augmentation | None:
    """The rows to train beside the stage's true pairs; None where the settings or the stage ask for none.

    They are made from that stage's training examples alone. Raises UserError where GoEmotions cannot be read.
    """
    if data.augmentation is None or not _trains_score(family, stage):
        return None
    comments: list[str] = []
    goemotions = goemotions_path(data.goemotions_path)
    if PHRASE_IN_NEUTRAL.name in data.augmentation.variants:
        if goemotions is not None:
            comments = neutral_comments(goemotions, data.exclude_ids)
        elif data.goemotions_path is not None:
            print("data.goemotions_path: not there, so all everyday exchanges are invented (else half are comments)")
    return augment(list(stage_examples(corpus, "train", True, stage.max_dialogues)), data.augmentation, comments)


def build_task(
    stage: StageSettings,
    family: Family,
    model: EmpathyModel,
    corpus: Corpus,
    data: DataSettings,
    tokenizer: "PreTrainedTokenizerBase",
    augmentation: Augmentation | None = None,
) -> StageTask:
    """The task of a stage, trained on the rows of `augmentation` too, where given.

    Raises UserError where no example has what the objective needs.
    """
    if stage.objective == GOEMOTIONS:
        return _goemotions_task(stage, model, data, tokenizer)
    objective = family.objectives[stage.objective]
    encode = partial(
        encode_views,
        views=objective.views(model),
        context_view=data.context_view,
        tokenizer=tokenizer,
        view_length=model.config.view_length,
        seen=model.config.seen,
    )
    train, valid = (
        stage_examples(corpus, split, objective.needs_empathy, stage.max_dialogues) for split in ("train", "valid")
    )
    if not len(train) or not len(valid):
        raise UserError(
            f"stage {stage.objective}: expected examples with an empathy score in train and valid, got {len(train)} "
            f"and {len(valid)}; set data.labels and data.labels_path"
        )
    if objective.trains is not None:
        for name, parameter in model.named_parameters():
            parameter.requires_grad_(objective.trains(name))
    valid_rows = encode(valid)
    collate_rows = partial(collate, pad_token_id=_pad_id(tokenizer))
    return StageTask(
        module=StageModule(model, objective),
        train=(encode(train) if objective.needs_empathy else _without_repeats(encode(train)))
        + encode(augmentation.rows if augmentation is not None else []),
        valid=valid_rows,
        collate=collate_rows,
        validate=_validation(valid_rows, collate_rows, partial(score_predictions, scored=objective.needs_empathy)),
        directions=DIRECTIONS,
    )


def _validation(
    rows: list[EncodedExample], collate_rows: Collate, score: Callable[[Predictions], dict[str, float | None]]
) -> Callable[[nn.Module, Accelerator], dict[str, float | None]]:
    return lambda module, accelerator: score(predict(module, rows, collate_rows, accelerator))


def _pad_id(tokenizer: "PreTrainedTokenizerBase") -> int:
    pad = tokenizer.pad_token_id
    if not isinstance(pad, int):
        raise UserError(f"encoder: expected a tokenizer with a padding token, {tokenizer.name_or_path} has none")
    return pad


def _without_repeats(rows: list[EncodedExample]) -> list[EncodedExample]:
    """Each input once: turns of one dialogue share their first utterance and their situation."""
    seen: dict[tuple[tuple[int, ...], int | tuple[int, ...]], EncodedExample] = {}
    for row in rows:
        emotion = row.emotion if isinstance(row.emotion, int) else tuple(row.emotion)
        seen.setdefault((tuple(row.input_ids), emotion), row)
    return list(seen.values())


def score_predictions(predictions: Predictions, scored: bool) -> dict[str, float | None]:
    """All metrics by name; those of the score only where `scored`."""
    figures: dict[str, float | None] = {"loss": predictions.loss}
    if scored and predictions.empathy is not None:
        figures |= empathy_metrics(predictions.empathy, predictions.empathy_true)
    if predictions.emotion_logits is not None:
        figures |= emotion_metrics(predictions.emotion_logits, predictions.emotion_true)
    figures.pop("n", None)
    return figures


def _goemotions_task(
    stage: StageSettings, model: EmpathyModel, data: DataSettings, tokenizer: "PreTrainedTokenizerBase"
) -> StageTask:
    corpus = read_goemotions(str(goemotions_path(data.goemotions_path)), read_exclude_ids(data.exclude_ids, GOEMOTIONS))
    num_labels = corpus["train"].features["labels"].feature.num_classes

    def encode(rows: Mapping[str, list[Any]]) -> list[EncodedExample]:
        ids = encode_texts(list(rows["text"]), tokenizer, model.config.view_length)
        return [
            EncodedExample(row, [CONTEXT] * len(row), float("nan"), list(labels))
            for row, labels in zip(ids, rows["labels"], strict=True)
        ]

    def score(predictions: Predictions) -> dict[str, float | None]:
        logits = np.asarray(predictions.emotion_logits)
        return {
            "loss": predictions.loss,
            "macro_f1": float(f1_score(predictions.emotion_true, logits > 0, average="macro", zero_division=0.0)),
        }

    valid_rows = encode(corpus["valid"])
    collate_rows = partial(collate, pad_token_id=_pad_id(tokenizer), num_labels=num_labels)
    return StageTask(
        module=GoEmotionsModule(model, num_labels),
        train=encode(corpus["train"])[: stage.max_dialogues],
        valid=valid_rows,
        collate=collate_rows,
        validate=_validation(valid_rows, collate_rows, score),
        directions=DIRECTIONS,
    )
