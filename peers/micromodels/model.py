"""Level of a mechanism from how near a response's sentences are to seed utterances."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd
from safetensors.numpy import load_file, save_file

from peers.micromodels.additive import AdditiveModel
from peers.micromodels.configuration import LEVELS, MicromodelsConfig

CONFIG_FILE = "config.json"
TABLES_FILE = "model.safetensors"


class MicromodelsModel:
    """An explainable boosting machine on the features of responses (Nori et al. 2019, arXiv:1909.09223).

    Its features have names, and what each adds to a level is read off a table.
    """

    def __init__(self, config: MicromodelsConfig) -> None:
        self.config = config
        self.features: tuple[str, ...] = ()
        self._additive: AdditiveModel | None = None

    def fit(self, features: pd.DataFrame, levels: np.ndarray) -> Self:
        """Fit the levels (rows,), 0 to 2, from features (rows, features), whose columns are their names.

        Raises:
            ValueError: there are no features, one is not finite, there are not as many levels as rows, or not every
                level from 0 to 2 is among them.
            ImportError: interpret-core is not installed; only fitting needs it.
        """
        try:
            from interpret.glassbox import ExplainableBoostingClassifier
        except ImportError as error:
            raise ImportError(
                "expected the package interpret-core, found none: pip install 'empathy-cascade[micromodels]'"
            ) from error
        levels = np.asarray(levels)
        if features.shape[1] == 0 or levels.shape != (len(features),):
            raise ValueError(f"expected one level a row of features, got {levels.shape} and {features.shape}")
        found = sorted(set(levels.tolist()))
        if found != list(range(len(LEVELS))):
            raise ValueError(f"levels: expected every level from 0 to {len(LEVELS) - 1}, got {found}")
        values = _checked(features)
        machine = ExplainableBoostingClassifier(
            feature_types=["continuous"] * values.shape[1],  # a count of few values would be taken as nominal
            interactions=0,  # so that each feature has one table that can be read
            random_state=self.config.seed,
            n_jobs=1,  # starting processes costs more than these few rows
        ).fit(values, levels)
        self.features = tuple(features.columns)
        self._additive = AdditiveModel.from_interpret(machine)
        return self

    def predict_proba(self, features: pd.DataFrame) -> np.ndarray:
        """Probabilities (rows, 3) of the levels 0 none, 1 weak, 2 strong.

        Raises ValueError where the model is not fitted, or the features are others or not finite.
        """
        return self._fitted().predict_proba(self._values(features))

    def predict(self, features: pd.DataFrame) -> np.ndarray:
        """The most probable level (rows,), 0 to 2. Raises ValueError as `predict_proba`."""
        return self.predict_proba(features).argmax(axis=1)

    def contributions(self, features: pd.DataFrame) -> np.ndarray:
        """What each feature adds to the log-odds of each level: (rows, features, 3). Raises as `predict_proba`."""
        return self._fitted().contributions(self._values(features))

    def importances(self) -> np.ndarray:
        """Mean of what each feature adds over training rows and levels, without its sign: (features,), log-odds.

        Raises ValueError where the model is not fitted.
        """
        return self._fitted().importances()

    def save(self, folder: str | Path) -> None:
        """Write config.json and model.safetensors into `folder`. Raises ValueError where the model is not fitted."""
        arrays = self._fitted().to_arrays()
        target = Path(folder)
        target.mkdir(parents=True, exist_ok=True)
        described = asdict(self.config) | {"model_type": self.config.model_type, "features": self.features}
        (target / CONFIG_FILE).write_text(json.dumps(described, indent=2, sort_keys=True) + "\n", encoding="utf-8")
        save_file({name: np.ascontiguousarray(table) for name, table in arrays.items()}, target / TABLES_FILE)

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """The model that `save` wrote. Raises OSError where a file is missing, ValueError where it is another model."""
        described = json.loads((Path(folder) / CONFIG_FILE).read_text(encoding="utf-8"))
        model_type = described.pop("model_type", None)
        if model_type != MicromodelsConfig.model_type:
            raise ValueError(f"{folder}: expected a model of type {MicromodelsConfig.model_type!r}, got {model_type!r}")
        features = tuple(described.pop("features"))
        model = cls(MicromodelsConfig(**described))
        model.features = features
        model._additive = AdditiveModel.from_arrays(load_file(Path(folder) / TABLES_FILE), len(features))
        return model

    def _fitted(self) -> AdditiveModel:
        if self._additive is None:
            raise ValueError("expected a fitted model; call fit first, or load one")
        return self._additive

    def _values(self, features: pd.DataFrame) -> np.ndarray:
        if tuple(features.columns) != self.features:
            differing = sorted(set(features.columns) ^ set(self.features))[:3] or ["their order"]
            raise ValueError(
                f"expected the {len(self.features)} features that the model was fitted on, got {features.shape[1]}, "
                f"differing: {', '.join(differing)}"
            )
        return _checked(features)


def _checked(features: pd.DataFrame) -> np.ndarray:
    values = features.to_numpy(dtype=np.float64)
    if not np.isfinite(values).all():
        raise ValueError("features: expected finite numbers, got others")
    return values
