"""The base models: the shared encoder and the heads' initialisation; for families also the joint loss."""

from typing import Any, Self

import torch
from torch import nn
from transformers import PreTrainedModel
from transformers import initialization as init

from modeling.configuration import EmpathyConfig, EncoderConfig
from modeling.encoder import SharedEncoder, load_encoder_config
from modeling.losses import emotion_loss, empathy_loss
from modeling.outputs import EmpathyOutput
from modeling.views import PoolsViews


class EncoderModel(PoolsViews, PreTrainedModel):
    """Base of every network on the shared encoder: families and peers.

    A subclass sets `config_class`, builds its heads in `__init__` and calls `post_init()` last.
    """

    config_class: type[EncoderConfig] = EncoderConfig
    base_model_prefix = "encoder"
    supports_gradient_checkpointing = True
    _supports_sdpa = True

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__(config)
        self.encoder = SharedEncoder(config.encoder_config(), config.adapter_rank)

    @classmethod
    def from_encoder(cls, name_or_path: str, **settings: Any) -> Self:
        """A new model on a pretrained encoder; `settings` go to its configuration.

        Raises OSError where the encoder cannot be found, ValueError where a setting is wrong or `view_length` is more
        than the encoder has positions for.
        """
        encoder_config = load_encoder_config(name_or_path)
        described = encoder_config.to_diff_dict() | {"model_type": encoder_config.model_type}
        for made_by in ("transformers_version", "architectures"):
            described.pop(made_by, None)
        config = cls.config_class(encoder=described, **settings)
        model = cls(config)
        if config.view_length > model.encoder.longest_view:
            raise ValueError(
                f"view_length: {name_or_path!r} has positions for {model.encoder.longest_view} tokens, "
                f"got {config.view_length}"
            )
        model.encoder.load_pretrained(name_or_path)
        return model

    @classmethod
    def from_pretrained(cls, *args: Any, **kwargs: Any) -> Any:
        """As of any transformers model, but weights that do not fit are refused: new ones would give scores, too.

        Raises ValueError where the saved weights are those of another architecture.
        """
        loaded: Any = super().from_pretrained(*args, **(kwargs | {"output_loading_info": True}))
        model, found = loaded
        odd = [*found["missing_keys"], *found["unexpected_keys"], *(key for key, *_ in found["mismatched_keys"])]
        if odd:
            some = ", ".join(sorted(odd)[:3])
            raise ValueError(
                f"expected the weights of this version's {cls.__name__}, {len(odd)} differ ({some}); train the model "
                "again, or use the version that saved it"
            )
        return (model, found) if kwargs.get("output_loading_info") else model

    def _init_weights(self, module: nn.Module) -> None:
        if isinstance(module, nn.Linear):
            init.normal_(module.weight, mean=0.0, std=0.02)
            if module.bias is not None:
                init.constant_(module.bias, getattr(module, "first_bias", 0.0))
        elif isinstance(module, nn.Embedding):
            init.normal_(module.weight, mean=0.0, std=0.02)

    def gradient_checkpointing_enable(self, gradient_checkpointing_kwargs: Any = None, **kwargs: Any) -> None:
        """Trade time for memory in every encoder of the network."""
        for encoder in (module for module in self.modules() if isinstance(module, SharedEncoder)):
            backbone = encoder.backbone
            # Newer releases of transformers deprecate this name for the other; older ones lack the other.
            newer = getattr(backbone, "activation_checkpointing_enable", None)
            enable = newer or backbone.gradient_checkpointing_enable
            enable(gradient_checkpointing_kwargs or {"use_reentrant": False}, **kwargs)


class EmpathyModel(EncoderModel):
    """Base of every family's network.

    A family sets `config_class` and `views`, builds its heads in `__init__`, calls `post_init()` and implements
    `forward(input_ids, view_ids, empathy=None, emotion=None) -> EmpathyOutput`.
    """

    config_class: type[EmpathyConfig] = EmpathyConfig
    views: tuple[int, ...] = ()

    def within_range(self, empathy: torch.Tensor) -> torch.Tensor:
        """Clamp scores (batch,) to the range in evaluation mode; in training a clamp would cut the gradient."""
        if self.training:
            return empathy
        low, high = self.config.empathy_range
        return empathy.clamp(low, high)

    def joint_output(
        self,
        empathy: torch.Tensor,
        emotion_logits: torch.Tensor,
        empathy_labels: torch.Tensor | None,
        emotion_labels: torch.Tensor | None,
    ) -> EmpathyOutput:
        """L = L_reg + lambda_emo * L_emo over the labels that were given.

        empathy: (batch,), unclamped; emotion_logits: (batch, num_emotions); labels: (batch,) or None.
        """
        parts: list[torch.Tensor] = []
        output = EmpathyOutput(empathy=self.within_range(empathy), emotion_logits=emotion_logits)
        if empathy_labels is not None:
            output.empathy_loss = empathy_loss(empathy, empathy_labels, self.config.regression_loss)
            parts.append(output.empathy_loss)
        if emotion_labels is not None:
            output.emotion_loss = emotion_loss(emotion_logits, emotion_labels)
            parts.append(self.config.lambda_emo * output.emotion_loss)
        if parts:
            output.loss = torch.stack(parts).sum()
        return output
