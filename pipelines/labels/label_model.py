"""The label model: an ordinal regression of human ratings on the signals, with an effect for every rater's sheet.

A proportional-odds model (McCullagh 1980), fitted by statsmodels' OrderedModel: P(rating <= k) =
logistic(threshold_k - sheet - weights . mean over the dialogue's listener turns of its signals). Because the latent
value is linear in the signals, that mean over turns is the mean of the turns' own latent values: a dialogue's rating is
seen as the aggregate of its turns, and every turn gets a value of its own.

A turn's score is the rating that a rater picked at random among the sheets would be expected to give to a dialogue
whose turns are all like it.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit
from statsmodels.miscmodels.ordinal_model import OrderedModel

LEVELS = np.arange(1, 6)
# A signal that abstains says nothing: it counts as its mean, which is 0 once standardised.
ABSTAINED = 0.0


@dataclass(frozen=True)
class LabelModel:
    """A fitted (or published) label model over `signals`.

    means, scales: (signals,) with which a signal is standardised. weights: (signals,) latent logits a standard
    deviation. standard_errors: (signals,), NaN for published weights. thresholds: (4,) latent logits.
    sheet_effects: (sheets,) latent logits, centred on 0. sheet_shares: (sheets,) share of the ratings of each sheet.
    covariance: (signals, signals) of the weights, zeros for published ones.
    """

    signals: list[str]
    means: np.ndarray
    scales: np.ndarray
    weights: np.ndarray
    standard_errors: np.ndarray
    thresholds: np.ndarray
    sheet_effects: np.ndarray
    sheet_shares: np.ndarray
    covariance: np.ndarray

    def to_dict(self) -> dict[str, Any]:
        """Plain lists for JSON."""
        arrays = {name: np.asarray(value).tolist() for name, value in vars(self).items()}
        return {"schema_version": 1, **arrays}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "LabelModel":
        """The model that `to_dict` described."""
        names = [field.name for field in fields(cls) if field.name != "signals"]
        return cls(signals=values["signals"], **{name: np.array(values[name], dtype=float) for name in names})

    def standardised(self, frame: pd.DataFrame) -> np.ndarray:
        """Standardised signals (rows, signals); where a signal abstains, 0."""
        values = (frame[self.signals].to_numpy(dtype=float) - self.means) / self.scales
        return np.where(np.isfinite(values), values, ABSTAINED)

    def latent(self, frame: pd.DataFrame) -> np.ndarray:
        """Latent value (rows,) in logits."""
        return self.standardised(frame) @ self.weights

    def probabilities(self, latent: np.ndarray) -> np.ndarray:
        """Probability of each rating, over all sheets: (rows,) -> (rows, 5)."""
        shifted = self.thresholds[None, None, :] - self.sheet_effects[None, :, None] - latent[:, None, None]
        below = np.einsum("rst,s->rt", expit(shifted), self.sheet_shares)
        edges = np.concatenate([np.zeros((len(latent), 1)), below, np.ones((len(latent), 1))], axis=1)
        return np.diff(edges, axis=1)

    def score(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Of each row: empathy (expected rating, 1 to 5), empathy_se (its standard error from the uncertain weights),
        empathy_sd (standard deviation of one human rating around it), all in points.
        """
        latent = self.latent(frame)
        probabilities = self.probabilities(latent)
        empathy = probabilities @ LEVELS
        variance = probabilities @ LEVELS**2 - empathy**2
        step = 1e-3
        slope = (self.probabilities(latent + step) - self.probabilities(latent - step)) @ LEVELS / (2 * step)
        standardised = self.standardised(frame)
        latent_variance = np.einsum("ri,ij,rj->r", standardised, self.covariance, standardised)
        return pd.DataFrame(
            {
                "empathy": empathy,
                "empathy_se": np.abs(slope) * np.sqrt(np.maximum(latent_variance, 0)),
                "empathy_sd": np.sqrt(np.maximum(variance, 0)),
            },
            index=frame.index,
        )


def usable(frame: pd.DataFrame, signals: Sequence[str]) -> list[str]:
    """The signals that say something: not all abstained, not constant."""
    return [name for name in signals if frame[name].notna().any() and frame[name].std() > 0]


def dialogue_means(turns: pd.DataFrame, values: np.ndarray, conv_ids: Sequence[str]) -> np.ndarray:
    """Mean over the turns of each dialogue: values (turns, ...) -> (len(conv_ids), ...), in the order of conv_ids."""
    frame = pd.DataFrame(values.reshape(len(turns), -1), index=turns["conv_id"].to_numpy())
    means = frame.groupby(level=0).mean().loc[list(conv_ids)].to_numpy()
    return means.reshape(len(conv_ids), *values.shape[1:])


def fit_label_model(turns: pd.DataFrame, rated: pd.DataFrame, signals: Sequence[str]) -> LabelModel:
    """Fit on the rated dialogues.

    turns: signals of the turns (at least of the rated dialogues'), with conv_id; their means and scales standardise.
    rated: conv_id, rating (whole, 1 to 5), sheet.
    """
    chosen = usable(turns, signals)
    values = turns[chosen].to_numpy(dtype=float)
    means, scales = np.nanmean(values, axis=0), np.nanstd(values, axis=0)
    standardised = np.where(np.isfinite(values), (values - means) / scales, ABSTAINED)
    aggregated = dialogue_means(turns, standardised, rated["conv_id"].tolist())
    sheets = sorted(rated["sheet"].unique())
    # The first sheet is the reference; effects are centred afterwards.
    dummies = (
        np.stack([(rated["sheet"] == sheet).to_numpy(dtype=float) for sheet in sheets[1:]], axis=1)
        if (len(sheets) > 1)
        else np.zeros((len(rated), 0))
    )
    columns = [*chosen, *(f"sheet {sheet}" for sheet in sheets[1:])]
    design = pd.DataFrame(np.hstack([aggregated, dummies]), columns=columns)
    fitted = _fit(design, rated["rating"].to_numpy())
    count = len(chosen)
    parameters = np.asarray(fitted.params)
    covariance = np.asarray(fitted.cov_params())[:count, :count]
    thresholds = fitted.model.transform_threshold_params(parameters[len(columns) :])[1:-1]
    effects = np.concatenate([[0.0], parameters[count : len(columns)]])
    shares = rated["sheet"].value_counts(normalize=True).reindex(sheets).to_numpy()
    centre = float(effects @ shares)
    return LabelModel(
        signals=chosen,
        means=means,
        scales=scales,
        weights=parameters[:count],
        standard_errors=np.sqrt(np.diag(covariance)),
        thresholds=np.asarray(thresholds) - centre,
        sheet_effects=effects - centre,
        sheet_shares=shares,
        covariance=covariance,
    )


def _fit(design: pd.DataFrame, ratings: np.ndarray) -> Any:
    levels = pd.Series(pd.Categorical(ratings.astype(int), categories=LEVELS.tolist(), ordered=True))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the optimiser's line search; convergence is checked below
        fitted = OrderedModel(levels, design, distr="logit").fit(method="bfgs", maxiter=500, disp=False)
    if not fitted.mle_retvals["converged"] and np.abs(fitted.model.score(fitted.params)).max() > 1.0:
        raise ValueError("label model: the likelihood did not reach its maximum; use fewer signals or more ratings")
    return fitted
