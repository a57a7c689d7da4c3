"""A cell of a peer with a network: one seed, with a split of its own."""

import hashlib
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from functools import partial
from types import ModuleType
from typing import TYPE_CHECKING, Any, ClassVar, Self, cast

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from accelerate import Accelerator
from accelerate.utils import send_to_device
from torch import nn
from transformers.utils import ModelOutput

from modeling.base import EncoderModel
from pipelines.atomic import write_with
from pipelines.data.dialogue import SPLITS
from pipelines.errors import UserError
from pipelines.evaluation.latency import measure_latency
from pipelines.evaluation.predict import Outputs, gather_outputs
from pipelines.peers.card import AUTO_MODEL, peer_card
from pipelines.peers.configuration import PeerSettings
from pipelines.peers.rows import PeerRow, collate_rows, pair_rows
from pipelines.training.cell import Cell
from pipelines.training.configuration import StageSettings
from pipelines.training.tasks import StageTask

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

EVALUATED = ("valid", "test")


class PeerModule(nn.Module):
    """A network under an objective: one forward from batch to loss."""

    def __init__(self, model: EncoderModel, objective: Any) -> None:
        super().__init__()
        self.model, self.objective = model, objective

    def forward(self, batch: dict[str, torch.Tensor]) -> ModelOutput:
        return self.objective(self.model, batch)


def frame_fingerprint(frame: pd.DataFrame) -> str:
    """Sha256 (hex) over the rows of a table."""
    return hashlib.sha256(frame.to_json(orient="split", index=False).encode()).hexdigest()


class PeerCell(Cell):
    """One seed of a peer. A subclass says what it reads, what its rows hold and what its outputs are worth.

    outputs: names of the network's outputs that figures are made of. labels: of the batch's tensors. directions: metric
    -> "max" or "min". extra_metrics: those that `extra_figures` gives. similar_lengths: whether the rows of a training
    batch are. about: what the model does, for its card.
    """

    outputs: ClassVar[tuple[str, ...]]
    labels: ClassVar[tuple[str, ...]]
    directions: ClassVar[dict[str, str]]
    extra_metrics: ClassVar[tuple[str, ...]] = ()
    similar_lengths: ClassVar[bool] = True
    about: ClassVar[str]
    settings: PeerSettings

    def __init__(self, settings: PeerSettings, frame: pd.DataFrame, seed: int) -> None:
        """frame: what `read` gives."""
        super().__init__(settings, frame_fingerprint(frame), seed)
        split = self.split(frame)
        self.frames = {name: frame[[one == name for one in split]].reset_index(drop=True) for name in SPLITS}
        known = [*(name for name in self.directions if name not in self.extra_metrics), "loss"]
        for number, stage in enumerate(settings.stages, start=1):
            if stage.objective not in self.network.OBJECTIVES:
                raise UserError(
                    f"stages: expected the objective of stage {number} to be one of "
                    f"{', '.join(self.network.OBJECTIVES)} for {settings.peer}, got {stage.objective!r}"
                )
            if stage.max_dialogues is not None:
                raise UserError(
                    f"stages: expected no max_dialogues in stage {number}, got {stage.max_dialogues}; a peer trains on "
                    "its whole training split, choose that under data"
                )
            if stage.select_on is not None and stage.select_on not in known:
                raise UserError(
                    f"stages: expected select_on of stage {number} to be one of {', '.join(known)}, "
                    f"got {stage.select_on!r}"
                )

    @property
    @abstractmethod
    def network(self) -> ModuleType:
        """The peer's folder in peers/; a class attribute where it is the same for all settings."""

    @classmethod
    @abstractmethod
    def read(cls, settings: Any) -> pd.DataFrame:
        """The corpus: a row an example, with an `id`, and what else `split` and `rows` read. Raises UserError."""

    @abstractmethod
    def split(self, frame: pd.DataFrame) -> list[str]:
        """The split of each row: train, valid or test."""

    @abstractmethod
    def rows(self, frame: pd.DataFrame, model: EncoderModel) -> list[PeerRow]:
        """The encoded rows of a part of the corpus, labels included."""

    @abstractmethod
    def figures(self, found: Outputs, frame: pd.DataFrame) -> dict[str, float | None]:
        """Every metric by name, over all rows at once."""

    def extra_figures(
        self, model: EncoderModel, found: Mapping[str, Outputs], accelerator: Accelerator
    ) -> Mapping[str, Mapping[str, float | None]]:
        """By split, metrics that are too dear for every validation; called once, after training, by all processes.

        found: outputs of the validation and the test split by name.
        """
        return {}

    @abstractmethod
    def predictions(self, found: Outputs, frame: pd.DataFrame) -> pd.DataFrame:
        """What was true and predicted, a row an example with its `id`; no text of the corpus."""

    @classmethod
    def pairs(
        cls,
        contexts: Sequence[str],
        responses: Sequence[str],
        model: EncoderModel,
        tokenizer: "PreTrainedTokenizerBase",
    ) -> list[PeerRow]:
        """Rows without labels of any contexts and responses, to be scored: the network's own views of them."""
        return pair_rows(contexts, responses, cast(Any, model).views, tokenizer, model.config.view_length)

    @classmethod
    def empathy(cls, output: Any, variant: str) -> torch.Tensor:
        """How empathic each response of a batch is, higher meaning more, on a scale of the peer's own: (batch,).

        output: the network's, of rows of `pairs`. variant: of the run. Raises UserError where it has no such score.
        """
        raise UserError(f"expected a run whose output is a score of empathy, {variant} has none; choose another")

    @classmethod
    def empathic_from(cls, variant: str) -> float | None:
        """The score of `empathy` from which the system itself calls a response empathic; None where it has no bound."""
        return None

    def build_task(self, stage: StageSettings, index: int, model: EncoderModel) -> StageTask:
        """The training rows under the stage's objective."""
        train = self.rows(self.frames["train"], model)
        valid = self.rows(self.frames["valid"], model)

        def validate(module: nn.Module, accelerator: Accelerator) -> dict[str, float | None]:
            found = self._gather(module, valid, accelerator)
            return {"loss": found.loss} | self.figures(found, self.frames["valid"])

        module = PeerModule(model, self.network.OBJECTIVES[stage.objective])
        return StageTask(module, train, valid, self._collate(), validate, self.directions, self.similar_lengths)

    def evaluate(self, model: EncoderModel, accelerator: Accelerator) -> dict[str, Any]:
        """Figures and predictions of the validation and the test split."""
        objective = self.network.OBJECTIVES[self.settings.stages[-1].objective]
        module = accelerator.prepare_model(PeerModule(model, objective), evaluation_mode=True)
        metrics: dict[str, dict[str, float | None]] = {}
        found: dict[str, Outputs] = {}
        for split in EVALUATED:
            found[split] = self._gather(module, self.rows(self.frames[split], model), accelerator)
            metrics[split] = self.figures(found[split], self.frames[split])
            if accelerator.is_main_process:
                table = pa.Table.from_pandas(self.predictions(found[split], self.frames[split]), preserve_index=False)
                write_with(self.folder.predictions / f"{split}.parquet", partial(pq.write_table, table))
        accelerator.unwrap_model(module, keep_fp32_wrapper=False)
        for split, extra in self.extra_figures(model, found, accelerator).items():
            metrics[split] |= extra
        return peer_results(self.settings, self.seed, self.data_fingerprint, self.frames, metrics)

    def latency(self, model: EncoderModel, accelerator: Accelerator) -> dict[str, Any]:
        """Milliseconds a row and rows a second, from text to output, on test rows."""
        frame = self.frames["test"].head(256)
        module = PeerModule(model, self.network.OBJECTIVES[self.settings.stages[-1].objective]).eval()
        position = 0

        def run_batch(n: int) -> None:
            nonlocal position
            chosen = [(position + k) % len(frame) for k in range(n)]
            position += n
            batch = self._collate()(self.rows(frame.iloc[chosen], model))
            with torch.no_grad(), accelerator.autocast():
                module(send_to_device(batch, accelerator.device))

        return measure_latency(
            run_batch, accelerator.device, self.settings.precision, batch_size=16, repeats=20, warmup=3
        )

    def card(self, results: dict[str, Any]) -> str:
        """The card of a peer's run."""
        return peer_card(results, self.about, AUTO_MODEL.format(module=self.network.__name__))

    def _gather(self, module: nn.Module, rows: list[PeerRow], accelerator: Accelerator) -> Outputs:
        return gather_outputs(module, rows, self._collate(), accelerator, self.outputs, self.labels)

    def _collate(self) -> Any:
        assert self.tokenizer is not None
        return partial(collate_rows, pad_token_id=self.tokenizer.pad_token_id)

    @classmethod
    def all_of(cls, settings: PeerSettings) -> list[Self]:
        """A cell for each seed, of a corpus that is read once."""
        frame = cls.read(settings)
        return [cls(settings, frame, seed) for seed in settings.seeds]


def peer_results(
    settings: PeerSettings, seed: int, data_fingerprint: str, frames: dict[str, pd.DataFrame], metrics: dict[str, Any]
) -> dict[str, Any]:
    """The versioned record of a run; nothing in it depends on time or place."""
    counts = {split: len(frame) for split, frame in frames.items()}
    signature = (
        f"peer:{settings.peer}|variant:{settings.variant}|seed:{seed}|encoder:{settings.encoder.name_or_path}"
        f"|stages:{'+'.join(stage.objective for stage in settings.stages)}|precision:{settings.precision}"
        f"|train:{counts['train']}|data:{data_fingerprint[:12]}|schema:1"
    )
    return {
        "schema_version": 1,
        "experiment": settings.name,
        "peer": settings.peer,
        "variant": settings.variant,
        "seed": seed,
        "encoder": settings.encoder.name_or_path,
        "stages": [stage.objective for stage in settings.stages],
        "signature": signature,
        "counts": counts,
        "metrics": metrics,
    }
