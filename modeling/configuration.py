"""The configurations that those of every network extend."""

import inspect
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from transformers import AutoConfig, PretrainedConfig

NUM_EMOTIONS = 32  # of EmpatheticDialogues
POOLINGS = ("cls", "mean")
REGRESSION_LOSSES = ("mse", "mae", "huber")
SEEN = ("both", "response", "context")
_OF_TRANSFORMERS = {*dir(PretrainedConfig()), "attn_implementation", "experts_implementation"}
_LABELS = ("num_labels", "id2label", "label2id")
_FOREIGN = "_foreign"  # where `from_dict` hands on what a file has beside the settings


class EncoderConfig(PretrainedConfig):
    """Settings of every network on the shared encoder.

    encoder: the encoder's own configuration as a dict (its `model_type` and sizes), so that a saved model is rebuilt
        with no Hub.
    encoder_revision: branch, tag or commit of the Hub that the pretrained encoder was taken from; None for the newest.
    adapter_rank: rank of a low-rank adapter on the encoder, whose own weights then stay as they come; 0 for none.
    pooling: how a view becomes one vector: its first token ("cls") or the mean of its tokens ("mean").
    view_length: tokens a view may hold at most.
    head_size: hidden units of each head; None for as many as the encoder's vectors are wide.
    head_dropout: probability, in every head.

    What transformers' own configurations take is taken, too; any other name is refused with a ValueError.
    """

    model_type = "empathy-encoder"

    def __init__(
        self,
        encoder: dict[str, Any] | None = None,
        encoder_revision: str | None = None,
        adapter_rank: int = 0,
        pooling: str = "cls",
        view_length: int = 256,
        head_size: int | None = None,
        head_dropout: float = 0.1,
        **kwargs: Any,
    ) -> None:
        foreign = kwargs.pop(_FOREIGN, {})
        self._check_names(kwargs)
        if pooling not in POOLINGS:
            raise ValueError(f"pooling: expected one of {', '.join(POOLINGS)}, got {pooling!r}")
        if adapter_rank < 0:
            raise ValueError(f"adapter_rank: expected 0 or more, got {adapter_rank}")
        if head_size is not None and head_size < 1:
            raise ValueError(f"head_size: expected 1 or more, or None, got {head_size}")
        self.encoder = dict(encoder or {})
        self.encoder_revision = encoder_revision
        self.adapter_rank = int(adapter_rank)
        self.pooling = pooling
        self.view_length = int(view_length)
        self.head_size = None if head_size is None else int(head_size)
        self.head_dropout = float(head_dropout)
        super().__init__(**kwargs, **foreign)

    @classmethod
    def setting_names(cls) -> list[str]:
        """Names of all settings, those of the base configurations included."""
        inits = [vars(base)["__init__"] for base in cls.__mro__ if issubclass(base, EncoderConfig)]
        return [
            name
            for init in inits
            for name, one in inspect.signature(init).parameters.items()
            if name != "self" and one.kind is not inspect.Parameter.VAR_KEYWORD
        ]

    @classmethod
    def _check_names(cls, names: Iterable[str]) -> None:
        known = cls.setting_names()
        for name in names:
            if name not in known and name not in _OF_TRANSFORMERS and not name.startswith("_"):
                near = get_close_matches(name, known, n=1)
                hint = f", did you mean {near[0]}?" if near else ""
                raise ValueError(f"{name}: expected a setting of {cls.__name__}, there is none of this name{hint}")

    @classmethod
    def from_dict(cls, config_dict: dict[str, Any], **kwargs: Any) -> Any:
        """As of any configuration of transformers. What a file has beside the settings, other software's, is kept.

        A label set among `kwargs` takes the place of the file's. Raises ValueError for a misspelt setting in `kwargs`.
        """
        known = {*cls.setting_names(), *_OF_TRANSFORMERS}
        cls._check_names(name for name in kwargs if name not in known and get_close_matches(name, cls.setting_names()))
        labels = {name: kwargs.pop(name) for name in _LABELS if name in kwargs}
        kept = {name: value for name, value in config_dict.items() if not (labels and name in _LABELS)} | labels
        foreign = {name: kept.pop(name) for name in list(kept) if name not in known and not name.startswith("_")}
        return super().from_dict(kept | {_FOREIGN: foreign}, **kwargs)

    def encoder_config(self) -> PretrainedConfig:
        """The encoder's configuration object. Raises ValueError where none was given."""
        if "model_type" not in self.encoder:
            raise ValueError(
                "encoder: expected the configuration of an encoder (a dict with 'model_type'), got "
                f"{self.encoder!r}; build a new model with Model.from_encoder(name_or_path)"
            )
        settings = {key: value for key, value in self.encoder.items() if key != "model_type"}
        return AutoConfig.for_model(self.encoder["model_type"], **settings)

    def _of_encoder(self, name: str) -> Any:
        if not self.encoder:
            raise AttributeError(f"{name}: no encoder was given")
        return getattr(self.encoder_config(), name)

    # What other software asks any model's configuration for.

    @property
    def vocab_size(self) -> int:
        """Words that the encoder has embeddings of."""
        return self._of_encoder("vocab_size")

    @vocab_size.setter
    def vocab_size(self, size: int) -> None:
        self.encoder["vocab_size"] = int(size)

    @property
    def hidden_size(self) -> int:
        """Width of the encoder's vectors."""
        return self._of_encoder("hidden_size")

    @property
    def num_hidden_layers(self) -> int:
        """Layers of the encoder."""
        return self._of_encoder("num_hidden_layers")

    @property
    def num_attention_heads(self) -> int:
        """Heads of the encoder's attention."""
        return self._of_encoder("num_attention_heads")


def label_set(
    num_labels: int | None = None,
    id2label: Mapping[Any, str] | None = None,
    label2id: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """`id2label` and `label2id` of a set of emotions, of which any part may be given; EmpatheticDialogues' without.

    Raises ValueError where the parts contradict each other, or there are fewer than two classes.
    """
    names = None if id2label is None else {int(place): str(name) for place, name in id2label.items()}
    if names is None and label2id is not None:
        names = {int(place): name for name, place in label2id.items()}
    if names is None:
        names = {place: f"LABEL_{place}" for place in range(NUM_EMOTIONS if num_labels is None else num_labels)}
    places = {name: place for place, name in sorted(names.items())}
    if sorted(names) != list(range(len(names))) or len(places) != len(names):
        raise ValueError(f"id2label: expected classes 0, 1, 2, ... with a name of its own each, got {names}")
    if label2id is not None and {name: int(place) for name, place in label2id.items()} != places:
        raise ValueError(f"label2id: expected the inverse of id2label, {places}, got {dict(label2id)}")
    if len(names) < 2 or (num_labels is not None and num_labels != len(names)):
        expected = "2 or more" if len(names) < 2 else f"{len(names)}, as many as id2label has"
        raise ValueError(f"num_labels: expected {expected}, got {len(names) if num_labels is None else num_labels}")
    return {"id2label": dict(sorted(names.items())), "label2id": places}


class EmpathyConfig(EncoderConfig):
    """Settings that the families' networks share beside the encoder's.

    empathy_range: lowest and highest score; predictions are clamped to it in evaluation mode only.
    empathy_init: the score that an untrained model predicts, set to the mean of the training labels.
    lambda_emo: weight of the emotion loss in L = L_reg + lambda_emo * L_emo.
    regression_loss: "mse", "mae" or "huber", in score units.
    context_view: name of the text that the context view holds, kept with the weights because figures and inputs
        for different views are not comparable.
    num_labels, id2label, label2id: the emotions, of which any part tells the rest: how many, or their names.
    seen: what the model is shown, kept with the weights so that it is shown the same wherever it is used: "both",
        or the "response" or the "context" (dialogue and situation) alone, the other blank.
    """

    model_type = "empathy"

    def __init__(
        self,
        encoder: dict[str, Any] | None = None,
        empathy_range: tuple[float, float] | list[float] = (1.0, 5.0),
        empathy_init: float = 3.0,
        lambda_emo: float = 0.1,
        regression_loss: str = "mse",
        context_view: str = "speaker_turns",
        seen: str = "both",
        **kwargs: Any,
    ) -> None:
        if regression_loss not in REGRESSION_LOSSES:
            raise ValueError(
                f"regression_loss: expected one of {', '.join(REGRESSION_LOSSES)}, got {regression_loss!r}"
            )
        if seen not in SEEN:
            raise ValueError(f"seen: expected one of {', '.join(SEEN)}, got {seen!r}")
        low, high = (float(bound) for bound in empathy_range)
        if not low < high:
            raise ValueError(f"empathy_range: expected lowest < highest, got ({low}, {high})")
        self.empathy_range = [low, high]
        self.empathy_init = float(empathy_init)
        self.lambda_emo = float(lambda_emo)
        self.regression_loss = regression_loss
        self.context_view = context_view
        self.seen = seen
        labels = label_set(*(kwargs.pop(name, None) for name in _LABELS))
        super().__init__(encoder=encoder, **labels, **kwargs)

    @property
    def num_emotions(self) -> int:
        """Number of emotion classes."""
        return len(self.id2label or {})
