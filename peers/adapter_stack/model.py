"""The baseline's network on an encoder with two adapters."""

import warnings

from transformers import AutoModel

from baseline import Model as BaselineModel
from modeling.adapter import lora_config
from peers.adapter_stack.configuration import AdapterStackConfig

EMOTION, EMPATHY = "default", "empathy"  # peft's names; the first is the one that the shared encoder comes with


class AdapterStackModel(BaselineModel):
    """Both tasks from the full dialogue, read by the pretrained encoder through both adapters.

    Low-rank adapters (Hu et al. 2021, arXiv:2106.09685) add up, so the upper one, trained while the lower is fixed,
    corrects what a layer gives with the lower one. Stacks of task adapters: Pfeiffer et al. 2020, arXiv:2005.00052.
    """

    config_class = AdapterStackConfig

    def __init__(self, config: AdapterStackConfig) -> None:
        super().__init__(config)
        backbone = self.encoder.backbone
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Already found a `peft_config`")  # the second one is meant
            backbone.add_adapter(lora_config(config.adapter_rank), adapter_name=EMPATHY)
        backbone.set_adapter([EMOTION, EMPATHY])
        self.post_init()


AutoModel.register(AdapterStackConfig, AdapterStackModel, exist_ok=True)
