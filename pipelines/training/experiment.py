"""An experiment: one family, every seed, on one or several processes."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from accelerate.state import AcceleratorState, PartialState
from transformers.utils.logging import disable_progress_bar

from modeling.encoder import load_encoder_config
from pipelines.data.corpus import Corpus
from pipelines.data.prepare import fingerprint, prepare_corpus, stage_examples
from pipelines.data.views import context_text
from pipelines.errors import UserError
from pipelines.evaluation.references import write_references
from pipelines.labels.build import LabelFolder, build_labels
from pipelines.labels.configuration import LabelSettings
from pipelines.training.configuration import DataSettings, EncoderSettings, ExperimentSettings
from pipelines.training.families import Family, load_family
from pipelines.training.family_cell import FamilyCell
from pipelines.training.parsing import parse_settings
from pipelines.training.run_folder import RunFolder
from pipelines.training.tasks import check_stages

# What accelerate launch sets; without them a process is on its own.
_LAUNCH_VARIABLES = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")


def run_experiment(settings: ExperimentSettings) -> list[dict[str, Any]]:
    """Train and evaluate every seed of `settings` (of this process's share), and return their results.

    Raises UserError before anything is trained where the settings, the data or the run folders do not fit.
    """
    disable_progress_bar()  # the library's, for loading a few megabytes; ours stay
    family = load_family(settings.family)
    check_stages(family, settings.stages, settings.data)
    reset_state()
    main = not _is_secondary()
    settings, writes_references = share_of_this_process(settings)
    check_encoder(settings.encoder)  # before minutes of reading
    settings = replace(settings, data=with_labels(settings.data))
    reset_state()  # labels may have been trained for, in another precision
    corpus = prepare_corpus(settings.data)
    if main:
        print("\n".join(corpus.report.lines()))
    data_fingerprint = fingerprint(corpus, settings.data.context_view)
    if writes_references:
        _references(settings, family, corpus, data_fingerprint)
    return [FamilyCell(settings, family, corpus, data_fingerprint, seed).run() for seed in settings.seeds]


def check_encoder(settings: EncoderSettings) -> None:
    """Raise UserError where the encoder cannot be found."""
    try:
        load_encoder_config(settings.name_or_path, settings.revision)
    except (OSError, ValueError) as error:
        raise UserError(str(error)) from error


def with_labels(data: DataSettings) -> DataSettings:
    """The data settings with a folder of labels, made first where a YAML of `empathy label` stands in its place.

    Raises UserError where the labels cannot be made, or several processes would make them at once.
    """
    if data.labels_path is None or not data.labels_path.endswith((".yaml", ".yml")):
        return data
    flags = [] if data.path is None else [f"--path={data.path}"]
    labels = parse_settings(LabelSettings, [data.labels_path, *flags], "empathy label", "")
    folder = LabelFolder(Path(labels.output_dir) / labels.name)
    if not folder.labels.is_file():
        if launched():
            raise UserError(
                f"{data.labels_path}: expected its labels, there are none; run first: empathy label {data.labels_path}"
            )
        print(
            f"{folder.path}: no labels yet, so they are made first, as by: empathy label {data.labels_path}", flush=True
        )
        build_labels(labels)
    return replace(data, labels_path=str(folder.path))


def reset_state() -> None:
    """Forget Accelerate's shared state, which fixes a process's precision: the next experiment may have another."""
    if not launched():
        AcceleratorState._reset_state(True)


def launched() -> bool:
    """Whether this is one of several processes of `accelerate launch`."""
    return int(os.environ.get("WORLD_SIZE", "1")) > 1


def _is_secondary() -> bool:
    return int(os.environ.get("RANK", "0")) != 0


def share_of_this_process(settings: ExperimentSettings) -> tuple[ExperimentSettings, bool]:
    """With `distribute: seeds`, this process's seeds on a device of its own; and whether it writes the references."""
    if not launched() or settings.distribute == "batch":
        return settings, not _is_secondary()
    rank, world = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
    local_rank = os.environ.get("LOCAL_RANK", "0")
    for name in _LAUNCH_VARIABLES:
        os.environ.pop(name, None)
    import torch

    if torch.cuda.is_available():
        # Each process sees all devices; Accelerate takes the one named here.
        os.environ["ACCELERATE_TORCH_DEVICE"] = f"cuda:{local_rank}"
        torch.cuda.set_device(int(local_rank))
    PartialState._reset_state()
    return replace(settings, seeds=settings.seeds[rank::world]), rank == 0


def _references(settings: ExperimentSettings, family: Family, corpus: Corpus, data_fingerprint: str) -> None:
    """The constant, length and TF-IDF predictors, once an experiment, on the true pairs that the last stage uses."""
    last = settings.stages[-1]
    needs_empathy = family.objectives[last.objective].needs_empathy
    train, test = (stage_examples(corpus, split, needs_empathy, last.max_dialogues) for split in ("train", "test"))
    view = settings.data.context_view
    write_references(
        RunFolder(settings, settings.seeds[0]).references,
        train,
        test,
        [context_text(row, view) for row in train],
        [context_text(row, view) for row in test],
        data_fingerprint,
    )
