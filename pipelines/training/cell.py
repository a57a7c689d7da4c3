"""One cell of an experiment, one seed of one system, from pretrained encoder to results.json."""

import gc
import json
import time
from abc import ABC, abstractmethod
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import torch
from accelerate import Accelerator, DistributedDataParallelKwargs
from accelerate.utils import set_seed
from safetensors.torch import load_file, save_file

from modeling.base import EncoderModel
from modeling.encoder import load_tokenizer
from pipelines.atomic import write_json, write_with
from pipelines.errors import UserError
from pipelines.training.checkpoint import Progress
from pipelines.training.configuration import RunSettings, StageSettings
from pipelines.training.provenance import command, commit, versions, weights_sha256
from pipelines.training.run_folder import RunFolder, cell_values
from pipelines.training.stage import StageTrainer
from pipelines.training.tasks import StageTask

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

MIXED_PRECISION = {"fp32": "no", "bf16": "bf16", "fp16": "fp16"}


def make_accelerator(settings: RunSettings, tracker_folder: str | None = None) -> Accelerator:
    """An accelerator of the experiment's precision. Raises UserError where this machine cannot run it."""
    accelerator = Accelerator(
        mixed_precision=MIXED_PRECISION[settings.precision],
        log_with=None if tracker_folder is None else settings.tracker,
        project_dir=tracker_folder,
        # A stage trains some of the heads only; the others get no gradient.
        kwargs_handlers=[DistributedDataParallelKwargs(find_unused_parameters=True)],
    )
    if settings.precision == "fp16" and accelerator.device.type == "cpu":
        raise UserError("precision: expected a GPU for fp16, use bf16 or fp32 without one")
    return accelerator


class Cell(ABC):
    """Trains and evaluates one seed of an experiment in its run folder.

    A finished cell is skipped, a killed one goes on where its last checkpoint was. A subclass says what is trained, on
    what, and how it is evaluated.
    """

    def __init__(self, settings: RunSettings, data_fingerprint: str, seed: int) -> None:
        self.settings, self.seed, self.data_fingerprint = settings, seed, data_fingerprint
        self.folder = RunFolder(settings, seed)
        self.tokenizer: PreTrainedTokenizerBase | None = None

    def prepare(self, accelerator: Accelerator) -> dict[str, Any]:
        """Get ready to train; what else belongs to the cell's identity."""
        return {}

    @abstractmethod
    def build_model(self) -> EncoderModel:
        """The network before training. Raises OSError or ValueError where the settings do not fit the encoder."""

    @abstractmethod
    def build_task(self, stage: StageSettings, index: int, model: EncoderModel) -> StageTask:
        """What a stage trains on."""

    @abstractmethod
    def evaluate(self, model: EncoderModel, accelerator: Accelerator) -> dict[str, Any]:
        """Predict valid and test once, write the predictions, and return results.json's content."""

    @abstractmethod
    def latency(self, model: EncoderModel, accelerator: Accelerator) -> dict[str, Any]:
        """What a pair costs, from text to score."""

    @abstractmethod
    def card(self, results: dict[str, Any]) -> str:
        """The model card, Markdown with front matter."""

    def run(self) -> dict[str, Any]:
        """Train the stages that are left, evaluate, write the run folder, and return its results.

        Raises UserError for a run folder of another configuration, a full disk, or an encoder that cannot be loaded.
        """
        accelerator = make_accelerator(self.settings)
        identity = cell_values(self.settings, self.seed) | {
            "data_fingerprint": self.data_fingerprint,
            "processes": accelerator.num_processes,
        }
        self.folder.check(identity)
        if self.folder.results.is_file():
            accelerator.print(f"{self.folder.path}: finished before, skipped")
            return json.loads(self.folder.results.read_text(encoding="utf-8"))
        accelerator.print(f"{self.folder.path}")
        identity |= self.prepare(accelerator)
        # Before anything random is built, heads included.
        set_seed(self.seed)
        model = self._model()
        encoder_sha256 = weights_sha256(model.encoder.pretrained_weights())
        identity["encoder_sha256"] = encoder_sha256
        self.folder.check(identity)
        if accelerator.is_main_process:
            self.folder.claim(identity)
        accelerator.wait_for_everyone()
        trackers = self._trackers()
        seconds = self._stages(model, trackers)
        started = time.perf_counter()
        results = self.evaluate(model, accelerator)
        if accelerator.is_main_process:
            self._write_model(model, results)
            meta = self._meta(accelerator, model, encoder_sha256, seconds + time.perf_counter() - started)
            meta["latency"] = self.latency(model, accelerator)
            write_json(self.folder.meta, meta)
            write_json(self.folder.results, results)  # last: its presence says that the cell is finished
            self._clean_up()
        if trackers is not None:
            trackers.end_training()
        accelerator.wait_for_everyone()
        return results

    def _model(self) -> EncoderModel:
        settings = self.settings
        try:
            self.tokenizer = load_tokenizer(settings.encoder.name_or_path, settings.encoder.revision)
            model = self.build_model()
        except (OSError, ValueError) as error:
            raise UserError(str(error)) from error
        if settings.encoder.frozen:
            for encoder in model.encoders():
                encoder.freeze(weights_sha256(encoder.pretrained_weights()))
        if settings.encoder.gradient_checkpointing:
            model.gradient_checkpointing_enable()
        if settings.encoder.compile:
            model.encoder.backbone.compile(dynamic=True)
        return model

    def _stages(self, model: EncoderModel, tracker: Accelerator | None) -> float:
        """Train what is left of the stages; return the seconds spent on training, earlier sessions counted in."""
        seconds = 0.0
        previous: dict[str, Any] | None = None
        for index, stage in enumerate(self.settings.stages):
            folder = self.folder.stage(index, stage.objective)
            done = folder / "meta.json"
            weights = folder / "model.safetensors"
            if done.is_file() and weights.is_file():
                previous = json.loads(done.read_text(encoding="utf-8"))
                seconds = previous["seconds"]
                model.load_state_dict(load_file(weights))
                continue
            previous, seconds = self._stage(model, tracker, stage, index, previous, seconds)
        return seconds

    def _stage(
        self,
        model: EncoderModel,
        tracker: Accelerator | None,
        stage: StageSettings,
        index: int,
        previous: dict[str, Any] | None,
        seconds: float,
    ) -> tuple[dict[str, Any], float]:
        accelerator = make_accelerator(self.settings)
        accelerator.print(_announcement(stage, index, len(self.settings.stages), previous))
        # A seed of the stage's own: the stage is the same whether the one before ran now or in an earlier session.
        set_seed(self.seed * 1_009 + index + 1, device_specific=True)
        task = self.build_task(stage, index, model)
        accelerator.print(f"  {len(task.train)} training and {len(task.valid)} validation examples")
        every = self.settings.checkpoint_every
        trainer = StageTrainer(task, stage, index, self.seed, self.folder, accelerator, tracker, every)
        progress = trainer.train(seconds)
        accelerator.unwrap_model(trainer.module, keep_fp32_wrapper=False)
        meta = _stage_meta(stage, index, progress)
        if accelerator.is_main_process:
            folder = self.folder.stage(index, stage.objective)
            state = {name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()}
            write_with(folder / "model.safetensors", lambda partial: save_file(state, partial))
            write_json(folder / "meta.json", meta)
            self.folder.checkpoint.unlink(missing_ok=True)
            self.folder.best.unlink(missing_ok=True)
        accelerator.wait_for_everyone()
        accelerator.free_memory()
        gc.collect()
        return meta, progress.seconds

    def _trackers(self) -> Accelerator | None:
        if self.settings.tracker == "none":
            return None
        accelerator = make_accelerator(self.settings, str(self.folder.path))
        try:
            accelerator.init_trackers(self.settings.name)
        except Exception as error:
            raise UserError(f"tracker: {self.settings.tracker} could not be started: {error}") from error
        return accelerator

    def _meta(
        self, accelerator: Accelerator, model: EncoderModel, encoder_sha256: str, seconds: float
    ) -> dict[str, Any]:
        return {
            "schema_version": 1,
            "command": command(),
            "versions": versions(),
            "commit": commit(),
            "data_fingerprint": self.data_fingerprint,
            "encoder_sha256": encoder_sha256,
            "device": str(accelerator.device),
            "processes": accelerator.num_processes,
            "threads": torch.get_num_threads(),
            "precision": self.settings.precision,
            "wall_time_s": round(seconds, 1),
            "parameters": sum(parameter.numel() for parameter in model.parameters()),
        }

    def _write_model(self, model: EncoderModel, results: dict[str, Any]) -> None:
        def write(partial: Any) -> None:
            model.save_pretrained(partial)
            assert self.tokenizer is not None
            self.tokenizer.save_pretrained(partial)
            (partial / "README.md").write_text(self.card(results), encoding="utf-8")

        write_with(self.folder.model, write)

    def _clean_up(self) -> None:
        """Drop what only a resumed run would have needed."""
        for weights in self.folder.path.glob("stages/*/model.safetensors"):
            weights.unlink()
        self.folder.checkpoint.unlink(missing_ok=True)
        self.folder.best.unlink(missing_ok=True)


def _stage_meta(stage: StageSettings, index: int, progress: Progress) -> dict[str, Any]:
    return {
        "stage": stage.objective,
        "stage_index": index,
        "settings": asdict(stage),
        "steps": progress.step,
        "epochs": progress.epoch,
        "best": progress.best,
        "best_epoch": progress.best_epoch,
        "seconds": round(progress.seconds, 1),
    }


def _announcement(stage: StageSettings, index: int, stages: int, previous: dict[str, Any] | None) -> str:
    """What a stage starts from, and which settings it changes."""
    title = f"stage {index + 1}/{stages} {stage.objective}: "
    if previous is None:
        return title + "starts from the pretrained encoder and new heads"
    kept = f"inherits the weights of stage {index} {previous['stage']} (step {previous['steps']}"
    if previous["best"] is not None:
        kept += f", best {previous['settings']['select_on']} {previous['best']:.4f} in epoch {previous['best_epoch']}"
    changed = [
        f"{key} {previous['settings'][key]} -> {value}"
        for key, value in asdict(stage).items()
        if key != "objective" and previous["settings"].get(key) != value
    ]
    return title + kept + ")" + (f"; overrides {', '.join(changed)}" if changed else "; overrides nothing")
