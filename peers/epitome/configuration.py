"""Configuration of EPITOME's network."""

from typing import Any

from transformers import AutoConfig

from modeling.configuration import EncoderConfig

LEVELS = 3  # of a mechanism: 0 none, 1 weak, 2 strong


class EpitomeConfig(EncoderConfig):
    """The encoder's settings, which hold for both encoders, and the weights of L = lambda_ei * L_EI + lambda_re * L_RE.

    lambda_ei: weight of the loss of the level (empathy identification).
    lambda_re: weight of the loss of the rationale (rationale extraction); 0 trains the level alone.
    """

    model_type = "empathy-epitome"

    def __init__(self, lambda_ei: float = 1.0, lambda_re: float = 0.5, **kwargs: Any) -> None:
        for name, value in (("lambda_ei", lambda_ei), ("lambda_re", lambda_re)):
            if not value >= 0:  # NaN is refused too
                raise ValueError(f"{name}: expected 0 or more, got {value}")
        if not lambda_ei + lambda_re > 0:
            raise ValueError(f"lambda_ei, lambda_re: expected one above 0, got {lambda_ei} and {lambda_re}")
        self.lambda_ei = float(lambda_ei)
        self.lambda_re = float(lambda_re)
        super().__init__(**kwargs)


AutoConfig.register(EpitomeConfig.model_type, EpitomeConfig, exist_ok=True)
