"""What a trained cell is worth: predictions, results and latency."""

from functools import partial
from typing import TYPE_CHECKING, Any

import torch
from accelerate import Accelerator
from accelerate.utils import send_to_device

from modeling.base import EmpathyModel
from pipelines.data.collator import collate
from pipelines.data.dialogue import SPLITS
from pipelines.data.encoding import encode_views
from pipelines.data.prepare import stage_examples
from pipelines.evaluation.latency import measure_latency
from pipelines.evaluation.metrics import emotion_metrics, empathy_metrics
from pipelines.evaluation.predict import Predictions, predict
from pipelines.evaluation.prediction_columns import prediction_frame, write_predictions
from pipelines.training.tasks import StageModule

if TYPE_CHECKING:
    from pipelines.training.family_cell import FamilyCell

EVALUATED = ("valid", "test")


def evaluate_run(cell: "FamilyCell", model: EmpathyModel, accelerator: Accelerator) -> dict[str, Any]:
    """Predict valid and test once, write the predictions, and return results.json's content.

    Only what the last stage trained is evaluated, on the examples that have its labels.
    """
    objective = cell.family.objectives[cell.settings.stages[-1].objective]
    module = accelerator.prepare_model(StageModule(model, objective), evaluation_mode=True)
    encode = _encoder(cell, model, objective.views(model))
    metrics: dict[str, Any] = {}
    for split in EVALUATED:
        examples = stage_examples(cell.corpus, split, objective.needs_empathy, None)
        predictions = predict(module, encode(examples), _collate(cell), accelerator)
        metrics[split] = split_metrics(predictions, objective.needs_empathy)
        scores = predictions.empathy if objective.needs_empathy else None
        frame = prediction_frame(examples, scores, predictions.emotion_logits)
        if accelerator.is_main_process:
            write_predictions(cell.folder.predictions / f"{split}.parquet", frame)
    accelerator.unwrap_model(module, keep_fp32_wrapper=False)
    return _results(cell, metrics)


def split_metrics(predictions: Predictions, scored: bool) -> dict[str, Any]:
    """{"empathy": {...}, "emotion": {...}}, each once over all predictions; empathy only where it was trained."""
    figures: dict[str, Any] = {}
    if scored and predictions.empathy is not None:
        figures["empathy"] = empathy_metrics(predictions.empathy, predictions.empathy_true)
    if predictions.emotion_logits is not None:
        figures["emotion"] = emotion_metrics(predictions.emotion_logits, predictions.emotion_true)
    return figures


def measure_run_latency(cell: "FamilyCell", model: EmpathyModel, accelerator: Accelerator) -> dict[str, Any]:
    """Milliseconds a pair and pairs a second, from text to score, on test examples of this run."""
    objective = cell.family.objectives[cell.settings.stages[-1].objective]
    examples = stage_examples(cell.corpus, "test", objective.needs_empathy, None)
    rows = list(examples.select(range(min(len(examples), 256))))
    encode = _encoder(cell, model, objective.views(model))
    module = StageModule(model, objective).eval()
    position = 0

    def run_batch(n: int) -> None:
        nonlocal position
        batch = _collate(cell)(encode([rows[(position + k) % len(rows)] for k in range(n)]))
        position += n
        with torch.no_grad(), accelerator.autocast():
            module(send_to_device(batch, accelerator.device))

    # A row that a frozen encoder remembers would not be read at all.
    remembered, model.encoder.memory = model.encoder.memory, None
    try:
        return measure_latency(
            run_batch, accelerator.device, cell.settings.precision, batch_size=16, repeats=20, warmup=3
        )
    finally:
        model.encoder.memory = remembered


def _encoder(cell: "FamilyCell", model: EmpathyModel, views: tuple[int, ...]) -> Any:
    assert cell.tokenizer is not None
    return partial(
        encode_views,
        views=views,
        context_view=cell.settings.data.context_view,
        tokenizer=cell.tokenizer,
        view_length=model.config.view_length,
        seen=model.config.seen,
    )


def _collate(cell: "FamilyCell") -> Any:
    assert cell.tokenizer is not None
    return partial(collate, pad_token_id=cell.tokenizer.pad_token_id)


def _used(cell: "FamilyCell") -> dict[str, dict[str, Any]]:
    """Dialogues and examples of each split that the last stage trained, was selected or was tested on.

    What its augmentation made beside them is counted by variant, as `augmentation` of the training split.
    """
    last = cell.settings.stages[-1]
    needs_empathy = cell.family.objectives[last.objective].needs_empathy
    counts: dict[str, dict[str, Any]] = {}
    for split in SPLITS:
        examples = stage_examples(cell.corpus, split, needs_empathy, last.max_dialogues)
        counts[split] = {"dialogues": len(set(examples["conv_id"])), "examples": len(examples)}
    augmentation = cell.augmentations[-1]
    if augmentation is not None:
        counts["train"]["augmentation"] = augmentation.made
    return counts


def _results(cell: "FamilyCell", metrics: dict[str, Any]) -> dict[str, Any]:
    """The versioned record of a run; nothing in it depends on time or place."""
    settings = cell.settings
    source = settings.data.labels or "own"
    used = _used(cell)
    augmentation = "none" if settings.data.augmentation is None else settings.data.augmentation.name
    signature = (
        f"family:{settings.family}|lambda:{settings.lambda_emo:g}|seed:{cell.seed}|corpus:{settings.data.corpus}"
        f"|labels:{source}|view:{settings.data.context_view}|turns:{settings.data.turns}|test:{settings.data.test_split}"
        f"|encoder:{settings.encoder.name_or_path}|stages:{'+'.join(stage.objective for stage in settings.stages)}"
        f"|precision:{settings.precision}|train:{used['train']['examples']}|augmentation:{augmentation}"
        f"|seen:{settings.data.seen}|data:{cell.data_fingerprint[:12]}|schema:1"
    )
    report = cell.corpus.report.to_dict()
    return {
        "schema_version": 1,
        "experiment": settings.name,
        "family": settings.family,
        "lambda_emo": settings.lambda_emo,
        "seed": cell.seed,
        "encoder": settings.encoder.name_or_path,
        "corpus": settings.data.corpus,
        "context_view": settings.data.context_view,
        "label_source": source,
        "test_split": settings.data.test_split,
        "augmentation": augmentation,
        "seen": settings.data.seen,
        "stages": [stage.objective for stage in settings.stages],
        "signature": signature,
        "counts": used | {"corpus": report["kept"], "dropped": report["dropped"], "noted": report["noted"]},
        "metrics": metrics,
    }
