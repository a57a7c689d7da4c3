"""The configurations that those of every network extend."""

from typing import Any

from transformers import AutoConfig, PretrainedConfig

NUM_EMOTIONS = 32  # of EmpatheticDialogues
POOLINGS = ("cls", "mean")
REGRESSION_LOSSES = ("mse", "mae", "huber")
SEEN = ("both", "response", "context")


class EncoderConfig(PretrainedConfig):
    """Settings of every network on the shared encoder.

    encoder: the encoder's own configuration as a dict (its `model_type` and sizes), so that a saved model is rebuilt
        with no Hub.
    adapter_rank: rank of a low-rank adapter on the encoder, whose own weights then stay as they come; 0 for none.
    pooling: how a view becomes one vector: its first token ("cls") or the mean of its tokens ("mean").
    view_length: tokens a view may hold at most.
    head_size: hidden units of each head; None for as many as the encoder's vectors are wide.
    head_dropout: probability, in every head.
    """

    model_type = "empathy-encoder"

    def __init__(
        self,
        encoder: dict[str, Any] | None = None,
        adapter_rank: int = 0,
        pooling: str = "cls",
        view_length: int = 256,
        head_size: int | None = None,
        head_dropout: float = 0.1,
        **kwargs: Any,
    ) -> None:
        if pooling not in POOLINGS:
            raise ValueError(f"pooling: expected one of {', '.join(POOLINGS)}, got {pooling!r}")
        if adapter_rank < 0:
            raise ValueError(f"adapter_rank: expected 0 or more, got {adapter_rank}")
        if head_size is not None and head_size < 1:
            raise ValueError(f"head_size: expected 1 or more, or None, got {head_size}")
        self.encoder = dict(encoder or {})
        self.adapter_rank = int(adapter_rank)
        self.pooling = pooling
        self.view_length = int(view_length)
        self.head_size = None if head_size is None else int(head_size)
        self.head_dropout = float(head_dropout)
        super().__init__(**kwargs)

    def encoder_config(self) -> PretrainedConfig:
        """The encoder's configuration object. Raises ValueError where none was given."""
        if "model_type" not in self.encoder:
            raise ValueError(
                "encoder: expected the configuration of an encoder (a dict with 'model_type'), got "
                f"{self.encoder!r}; build a new model with Model.from_encoder(name_or_path)"
            )
        settings = {key: value for key, value in self.encoder.items() if key != "model_type"}
        return AutoConfig.for_model(self.encoder["model_type"], **settings)


class EmpathyConfig(EncoderConfig):
    """Settings that the families' networks share beside the encoder's.

    empathy_range: lowest and highest score; predictions are clamped to it in evaluation mode only.
    empathy_init: the score that an untrained model predicts, set to the mean of the training labels.
    lambda_emo: weight of the emotion loss in L = L_reg + lambda_emo * L_emo.
    regression_loss: "mse", "mae" or "huber", in score units.
    context_view: name of the text that the context view holds, kept with the weights because figures and inputs
        for different views are not comparable.
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
        kwargs.setdefault("num_labels", NUM_EMOTIONS)
        super().__init__(encoder=encoder, **kwargs)

    @property
    def num_emotions(self) -> int:
        """Number of emotion classes."""
        return len(self.id2label or {})
