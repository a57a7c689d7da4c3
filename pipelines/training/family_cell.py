"""A cell of a family: (family, lambda_emo, seed)."""

from typing import Any

from accelerate import Accelerator

from modeling.base import EmpathyModel, EncoderModel
from pipelines.data.corpus import Corpus
from pipelines.data.dialogue import EMOTIONS
from pipelines.data.prepare import labelled
from pipelines.labels.augmentation.augment import Augmentation
from pipelines.training.cell import Cell
from pipelines.training.configuration import ExperimentSettings, StageSettings
from pipelines.training.families import FAMILIES, Family
from pipelines.training.model_card import model_card
from pipelines.training.outcome import evaluate_run, measure_run_latency
from pipelines.training.tasks import StageTask, augment_stage, build_task


class FamilyCell(Cell):
    """One seed of a family on a corpus of dialogues."""

    settings: ExperimentSettings

    def __init__(
        self, settings: ExperimentSettings, family: Family, corpus: Corpus, data_fingerprint: str, seed: int
    ) -> None:
        super().__init__(settings, data_fingerprint, seed)
        self.family, self.corpus = family, corpus
        self.augmentations: list[Augmentation | None] = []  # one a stage

    def prepare(self, accelerator: Accelerator) -> dict[str, Any]:
        """Make the pairs that are trained beside the true ones; their fingerprints."""
        self.augmentations = [
            augment_stage(stage, self.family, self.corpus, self.settings.data) for stage in self.settings.stages
        ]
        for made in self.augmentations:
            if made is not None:
                accelerator.print(f"  {made.line()}")
        return {"augmentation_fingerprints": [made.fingerprint() for made in self.augmentations if made] or None}

    def build_model(self) -> EmpathyModel:
        """The family's network on the pretrained encoder."""
        settings = self.settings
        scores = labelled(self.corpus.examples["train"])["empathy"]
        return self.family.model.from_encoder(
            settings.encoder.name_or_path,
            **settings.encoder.of_network(),
            context_view=settings.data.context_view,
            seen=settings.data.seen,
            lambda_emo=settings.lambda_emo,
            regression_loss=settings.model.regression_loss,
            head_size=settings.model.head_size,
            head_dropout=settings.model.head_dropout,
            empathy_init=sum(scores) / len(scores) if len(scores) else 3.0,
            num_labels=len(EMOTIONS),
            id2label=dict(enumerate(EMOTIONS)),
            label2id={name: index for index, name in enumerate(EMOTIONS)},
            **self._cascade(),
        )

    def _cascade(self) -> dict[str, Any]:
        if not hasattr(self.family.model.config_class(), "cascade_signal"):
            return {}
        cascade = self.settings.model.cascade
        return {
            "relevance": cascade.relevance,
            "relevance_weight": cascade.relevance_weight,
            "gate": cascade.gate,
            "open_from": cascade.open_from,
            "cascade_signal": cascade.signal,
            "cascade_detach": cascade.detach,
            "gold_mix": cascade.gold_mix,
        }

    def build_task(self, stage: StageSettings, index: int, model: EncoderModel) -> StageTask:
        """The stage's examples under the family's objective."""
        assert isinstance(model, EmpathyModel) and self.tokenizer is not None
        augmentation = self.augmentations[index]
        return build_task(stage, self.family, model, self.corpus, self.settings.data, self.tokenizer, augmentation)

    def evaluate(self, model: EncoderModel, accelerator: Accelerator) -> dict[str, Any]:
        """Score and emotion of the validation and the test split."""
        assert isinstance(model, EmpathyModel)
        return evaluate_run(self, model, accelerator)

    def latency(self, model: EncoderModel, accelerator: Accelerator) -> dict[str, Any]:
        """Milliseconds a pair and pairs a second."""
        assert isinstance(model, EmpathyModel)
        return measure_run_latency(self, model, accelerator)

    def card(self, results: dict[str, Any]) -> str:
        """The card of a family's run."""
        return model_card(results, FAMILIES[self.family.name])
