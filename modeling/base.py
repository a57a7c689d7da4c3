"""The base models: the shared encoder and the heads' initialisation; for families also the joint loss."""

import copy
from typing import Any, Self, TypeVar, cast

import torch
from torch import nn
from transformers import PreTrainedModel
from transformers import initialization as init
from transformers.modeling_outputs import BaseModelOutput
from transformers.utils import ModelOutput

from modeling.attention import ATTENTION, check_attention
from modeling.configuration import EmpathyConfig, EncoderConfig
from modeling.encoder import SharedEncoder, load_encoder_config
from modeling.losses import emotion_loss, empathy_loss
from modeling.outputs import EmpathyOutput
from modeling.views import PoolsViews

Output = TypeVar("Output", bound=ModelOutput)


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
        self.encoder = self.new_encoder()
        # What several devices are not to share: attention, and what reads another module's weights.
        self._no_split_modules = [*(self.encoder.backbone._no_split_modules or ()), "Cascade"]

    def new_encoder(self) -> SharedEncoder:
        """An encoder as the configuration describes it, with new weights."""
        config = self.config
        return SharedEncoder(config.encoder_config(), config.adapter_rank, config._attn_implementation)

    def encoders(self) -> list[SharedEncoder]:
        """Every encoder of the network, the first one first."""
        return [module for module in self.modules() if isinstance(module, SharedEncoder)]

    @classmethod
    def from_encoder(cls, name_or_path: str, revision: str | None = None, **settings: Any) -> Self:
        """A new model on a pretrained encoder; `settings` go to its configuration.

        revision: branch, tag or commit of an encoder on the Hub, which the configuration keeps; None for its newest.
        Raises OSError where the encoder cannot be found, ValueError where a setting is wrong or unknown, where there is
        a revision of what is not on the Hub, or `view_length` is more than the encoder has positions for.
        """
        encoder_config = load_encoder_config(name_or_path, revision)
        described = encoder_config.to_diff_dict() | {"model_type": encoder_config.model_type}
        for made_by in ("transformers_version", "architectures"):
            described.pop(made_by, None)
        config = cls.config_class(encoder=described, encoder_revision=revision, **settings)
        model = cls(config)
        if config.view_length > model.encoder.longest_view:
            raise ValueError(
                f"view_length: {name_or_path!r} has positions for {model.encoder.longest_view} tokens, "
                f"got {config.view_length}"
            )
        for encoder in model.encoders():
            encoder.load_pretrained(name_or_path, revision)
        return model

    @classmethod
    def from_pretrained(cls, *args: Any, **kwargs: Any) -> Any:
        """As of any transformers model, but weights that do not fit are refused: new ones would give scores, too.

        With `ignore_mismatched_sizes`, those of another size are new. Raises ValueError where the saved weights are
        those of another architecture.
        """
        loaded: Any = super().from_pretrained(*args, **(kwargs | {"output_loading_info": True}))
        model, found = loaded
        odd = [*found["missing_keys"], *found["unexpected_keys"]]
        if not kwargs.get("ignore_mismatched_sizes"):
            odd += [key for key, *_ in found["mismatched_keys"]]
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
        for encoder in self.encoders():
            backbone = encoder.backbone
            # Newer releases of transformers deprecate this name for the other; older ones lack the other.
            newer = getattr(backbone, "activation_checkpointing_enable", None)
            enable = newer or backbone.gradient_checkpointing_enable
            enable(gradient_checkpointing_kwargs or {"use_reentrant": False}, **kwargs)

    def get_correct_attn_implementation(self, requested_attention: str | None, is_init_check: bool = False) -> str:
        """The attention that is used where one was asked for, or None. Raises ValueError where it cannot be packed."""
        if requested_attention is None:
            return "eager" if self.config.output_attentions else ATTENTION
        return super().get_correct_attn_implementation(check_attention(requested_attention), is_init_check)

    @property
    def vocab_size(self) -> int:
        """Words that the encoder has embeddings of."""
        return cast(nn.Embedding, self.get_input_embeddings()).num_embeddings

    def get_input_embeddings(self) -> nn.Module:
        """Of the words, of the (first) encoder."""
        return self.encoder.backbone.get_input_embeddings()

    def set_input_embeddings(self, value: nn.Module) -> None:
        """Give every encoder these embeddings of words, each a copy of its own but the first."""
        for place, encoder in enumerate(self.encoders()):
            encoder.backbone.set_input_embeddings(copy.deepcopy(value) if place else value)
        self._learn_vocab_size()

    def resize_token_embeddings(
        self, new_num_tokens: int | None = None, pad_to_multiple_of: int | None = None, mean_resizing: bool = True
    ) -> nn.Embedding:
        """As of any transformers model, in every encoder; the configuration keeps the size for the next load."""
        for encoder in self.encoders():
            encoder.backbone.resize_token_embeddings(new_num_tokens, pad_to_multiple_of, mean_resizing)
        self._learn_vocab_size()
        return cast(nn.Embedding, self.get_input_embeddings())

    def _learn_vocab_size(self) -> None:
        self.config.vocab_size = self.vocab_size
        for encoder in self.encoders():
            encoder.backbone.config.vocab_size = self.vocab_size

    def encode(
        self,
        input_ids: torch.Tensor,
        view_ids: torch.Tensor,
        output_hidden_states: bool | None = None,
        output_attentions: bool | None = None,
    ) -> BaseModelOutput:
        """What the encoder gives for packed rows (batch, length); outputs of None are as the configuration says.

        Raises ValueError for attention maps of an attention that makes none.
        """
        config = self.config
        states = config.output_hidden_states if output_hidden_states is None else output_hidden_states
        maps = config.output_attentions if output_attentions is None else output_attentions
        found = self.encoder(input_ids, view_ids, output_hidden_states=states, output_attentions=maps)
        return found if isinstance(found, BaseModelOutput) else BaseModelOutput(last_hidden_state=found)

    def finished(self, output: Output, encoded: BaseModelOutput, return_dict: bool | None) -> Output:
        """An output with the encoder's beside it; where `return_dict` is False, a tuple of what is not None."""
        for name in ("hidden_states", "attentions"):
            if encoded.get(name) is not None:
                output[name] = encoded[name]
        wanted = self.config.return_dict if return_dict is None else return_dict
        return output if wanted else cast(Output, output.to_tuple())


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
