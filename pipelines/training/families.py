"""The families that can be trained. A new one is a folder like the others (see docs/extending.md) and a line here."""

import importlib
from dataclasses import dataclass

from modeling.base import EmpathyModel
from modeling.stages import Objective
from pipelines.errors import UserError

FAMILIES = {
    "baseline": "baseline",
    "stm": "stm",
    "mvc": "mvc",
    "adapter_stack": "peers.adapter_stack",
}


@dataclass(frozen=True)
class Family:
    """A family's network and the objectives that it can be trained on."""

    name: str
    model: type[EmpathyModel]
    objectives: dict[str, Objective]


def load_family(name: str) -> Family:
    """Import a registered family. Raises UserError for a name that is not registered."""
    if name not in FAMILIES:
        raise UserError(f"family: expected one of {', '.join(FAMILIES)}, got {name!r}")
    module = importlib.import_module(FAMILIES[name])
    return Family(name, module.Model, dict(module.OBJECTIVES))
