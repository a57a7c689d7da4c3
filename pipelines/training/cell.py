"""One cell of an experiment, (family, lambda_emo, seed), from pretrained encoder to results.json."""

import gc
import json
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import torch
from accelerate import Accelerator, DistributedDataParallelKwargs
from accelerate.utils import set_seed
from safetensors.torch import load_file, save_file

from modeling.base import EmpathyModel
from modeling.encoder import load_tokenizer
from pipelines.atomic import write_json, write_with
from pipelines.data.corpus import Corpus
from pipelines.data.features import EMOTIONS
from pipelines.data.prepare import labelled
from pipelines.errors import UserError
from pipelines.labels.augmentation.augment import Augmentation
from pipelines.training.checkpoint import Progress
from pipelines.training.configuration import ExperimentSettings, StageSettings
from pipelines.training.families import Family
from pipelines.training.model_card import model_card
from pipelines.training.outcome import evaluate_run, measure_run_latency
from pipelines.training.provenance import command, commit, versions, weights_sha256
from pipelines.training.run_folder import RunFolder, cell_values
from pipelines.training.stage import StageTrainer
from pipelines.training.tasks import augment_stage, build_task

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

MIXED_PRECISION = {"fp32": "no", "bf16": "bf16", "fp16": "fp16"}


def make_accelerator(settings: ExperimentSettings, tracker_folder: str | None = None) -> Accelerator:
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


class Cell:
    """Trains and evaluates one seed of an experiment in its run folder.

    A finished cell is skipped, a killed one goes on where its last checkpoint was.
    """

    def __init__(
        self, settings: ExperimentSettings, family: Family, corpus: Corpus, data_fingerprint: str, seed: int
    ) -> None:
        self.settings, self.family, self.corpus, self.seed = settings, family, corpus, seed
        self.data_fingerprint = data_fingerprint
        self.folder = RunFolder(settings, seed)
        self.tokenizer: PreTrainedTokenizerBase | None = None
        self.augmentations: list[Augmentation | None] = []  # one a stage, made when the cell runs

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
        self._augment(accelerator)
        identity["augmentation_fingerprints"] = [made.fingerprint() for made in self.augmentations if made] or None
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
        results = evaluate_run(self, model, accelerator)
        if accelerator.is_main_process:
            self._write_model(model, results)
            meta = self._meta(accelerator, model, encoder_sha256, seconds + time.perf_counter() - started)
            meta["latency"] = measure_run_latency(self, model, accelerator)
            write_json(self.folder.meta, meta)
            write_json(self.folder.results, results)  # last: its presence says that the cell is finished
            self._clean_up()
        if trackers is not None:
            trackers.end_training()
        accelerator.wait_for_everyone()
        return results

    def _augment(self, accelerator: Accelerator) -> None:
        self.augmentations = [
            augment_stage(stage, self.family, self.corpus, self.settings.data) for stage in self.settings.stages
        ]
        for made in self.augmentations:
            if made is not None:
                accelerator.print(f"  {made.line()}")

    def _model(self) -> EmpathyModel:
        settings = self.settings
        try:
            self.tokenizer = load_tokenizer(settings.encoder.name_or_path)
            scores = labelled(self.corpus.examples["train"])["empathy"]
            model = self.family.model.from_encoder(
                settings.encoder.name_or_path,
                pooling=settings.encoder.pooling,
                adapter_rank=settings.encoder.adapter_rank,
                view_length=settings.encoder.view_length,
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
        except (OSError, ValueError) as error:
            raise UserError(str(error)) from error
        if settings.encoder.gradient_checkpointing:
            model.gradient_checkpointing_enable()
        if settings.encoder.compile:
            model.encoder.backbone.compile(dynamic=True)
        return model

    def _cascade(self) -> dict[str, Any]:
        if not hasattr(self.family.model.config_class(), "cascade_signal"):
            return {}
        cascade = self.settings.model.cascade
        return {
            "relevance": cascade.relevance,
            "relevance_weight": cascade.relevance_weight,
            "gate": cascade.gate,
            "cascade_signal": cascade.signal,
            "cascade_detach": cascade.detach,
            "gold_mix": cascade.gold_mix,
        }

    def _stages(self, model: EmpathyModel, tracker: Accelerator | None) -> float:
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
        model: EmpathyModel,
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
        assert self.tokenizer is not None
        task = build_task(
            stage, self.family, model, self.corpus, self.settings.data, self.tokenizer, self.augmentations[index]
        )
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
        self, accelerator: Accelerator, model: EmpathyModel, encoder_sha256: str, seconds: float
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

    def _write_model(self, model: EmpathyModel, results: dict[str, Any]) -> None:
        def write(partial: Any) -> None:
            model.save_pretrained(partial)
            assert self.tokenizer is not None
            self.tokenizer.save_pretrained(partial)
            (partial / "README.md").write_text(model_card(results), encoding="utf-8")

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
