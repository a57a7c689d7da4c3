"""Configuration of the cascaded label signal network; each option is an ablation or a setting of the data."""

from typing import Any

from transformers import AutoConfig

from modeling.configuration import EncoderConfig

LOSSES = ("focal", "cross_entropy")


class CLSNConfig(EncoderConfig):
    """The encoder's settings and the network's.

    num_directions: 3 for none, seeking and providing, or 2 for one direction against the rest.
    num_intents: classes of the empathetic intent.
    intent_weight: weight of the intent loss in L = L_direction + intent_weight * L_intent.
    cascaded_attention: False leaves out that the tasks' states attend over each other.
    attention_layers: how often they do.
    label_signal: False leaves out that the tasks' predictions are handed to the states of both.
    loss: of both tasks, "focal" or "cross_entropy".
    eta: the focal loss' focusing parameter, its paper's gamma; 0 makes it cross-entropy.
    """

    model_type = "empathy-clsn"

    def __init__(
        self,
        num_directions: int = 3,
        num_intents: int = 9,
        intent_weight: float = 1.0,
        cascaded_attention: bool = True,
        attention_layers: int = 2,
        label_signal: bool = True,
        loss: str = "focal",
        eta: float = 5.0,
        **kwargs: Any,
    ) -> None:
        if num_directions not in (2, 3):
            raise ValueError(f"num_directions: expected 3, or 2 for a binary setting, got {num_directions}")
        if num_intents < 2:
            raise ValueError(f"num_intents: expected 2 or more, got {num_intents}")
        if intent_weight < 0:
            raise ValueError(f"intent_weight: expected 0 or more, got {intent_weight}")
        if attention_layers < 1:
            raise ValueError(
                f"attention_layers: expected 1 or more, got {attention_layers}; for none set cascaded_attention to "
                "false"
            )
        if loss not in LOSSES:
            raise ValueError(f"loss: expected one of {', '.join(LOSSES)}, got {loss!r}")
        if eta < 0:
            raise ValueError(f"eta: expected 0 or more, got {eta}")
        self.num_directions = int(num_directions)
        self.num_intents = int(num_intents)
        self.intent_weight = float(intent_weight)
        self.cascaded_attention = bool(cascaded_attention)
        self.attention_layers = int(attention_layers)
        self.label_signal = bool(label_signal)
        self.loss = loss
        self.eta = float(eta)
        super().__init__(**kwargs)


AutoConfig.register(CLSNConfig.model_type, CLSNConfig, exist_ok=True)
