"""The label model: an ordinal regression of human ratings on the signals, with an effect for every rater's sheet.

A proportional-odds model (McCullagh 1980), fitted by statsmodels' OrderedModel: P(rating <= k) =
logistic(threshold_k - sheet - weights . mean over the dialogue's listener turns of its signals). Because the latent
value is linear in the signals, that mean over turns is the mean of the turns' own latent values: a dialogue's rating is
seen as the aggregate of its turns, and every turn gets a value of its own.

A turn's score is the median rating that raters picked at random among the sheets would give to a dialogue whose turns
are all like it, interpolated within the whole rating: half of them would rate lower, half higher. The median, and not
the mean, is what a score has to be for its absolute error to be small.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit
from statsmodels.miscmodels.ordinal_model import OrderedModel
from statsmodels.tools.numdiff import approx_fprime

from pipelines.errors import UserError

LEVELS = np.arange(1, 6)
# A signal that abstains says nothing: it counts as its mean, which is 0 once standardised.
ABSTAINED = 0.0
# A column of which less than this share of its length is not explained by the columns before it says nothing new.
NOTHING_NEW = 1e-4


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
        """Of each row: empathy (median rating, 1 to 5), empathy_se (its standard error from the uncertain weights),
        empathy_sd (standard deviation of single human ratings), all in points.
        """
        latent = self.latent(frame)
        probabilities = self.probabilities(latent)
        variance = probabilities @ LEVELS**2 - (probabilities @ LEVELS) ** 2
        step = 1e-3
        higher, lower = (interpolated_median(self.probabilities(latent + move)) for move in (step, -step))
        standardised = self.standardised(frame)
        latent_variance = np.einsum("ri,ij,rj->r", standardised, self.covariance, standardised)
        return pd.DataFrame(
            {
                "empathy": interpolated_median(probabilities),
                "empathy_se": np.abs(higher - lower) / (2 * step) * np.sqrt(np.maximum(latent_variance, 0)),
                "empathy_sd": np.sqrt(np.maximum(variance, 0)),
            },
            index=frame.index,
        )


def interpolated_median(probabilities: np.ndarray) -> np.ndarray:
    """Median (rows,) of ratings with `probabilities (rows, 5)`, each whole rating spread evenly over half a point.

    Rounded, it is the median whole rating. Never outside 1 to 5.
    """
    below = np.concatenate([np.zeros((len(probabilities), 1)), np.cumsum(probabilities, axis=1)], axis=1)
    place = (below[:, 1:-1] < 0.5).sum(axis=1)
    rows = np.arange(len(probabilities))
    within = (0.5 - below[rows, place]) / probabilities[rows, place]
    return np.clip(LEVELS[place] - 0.5 + within, LEVELS[0], LEVELS[-1])


class ProportionalOdds(OrderedModel):
    """statsmodels' model with the logistic link and the gradient in closed form; its own differences take minutes."""

    def __init__(self, levels: pd.Series, design: pd.DataFrame) -> None:
        super().__init__(levels, design, distr="logit")

    def score(self, params: np.ndarray) -> np.ndarray:
        """Gradient (parameters,) of the log-likelihood: weights, first threshold, logarithms of the steps to others."""
        count = self.exog.shape[1]
        edges = self.transform_threshold_params(params[count:])
        latent = self.exog @ params[:count]
        upper, lower = expit(edges[self.endog + 1] - latent), expit(edges[self.endog] - latent)
        probability = np.maximum(upper - lower, np.finfo(float).tiny)
        up, low = upper * (1 - upper) / probability, lower * (1 - lower) / probability
        of_thresholds = (
            np.bincount(self.endog, up, self.k_levels)[:-1] - np.bincount(self.endog, low, self.k_levels)[1:]
        )
        moved = np.cumsum(of_thresholds[::-1])[::-1]  # a step moves every threshold above it
        return np.concatenate([self.exog.T @ (low - up), moved * np.exp([0.0, *params[count + 1 :]])])

    def hessian(self, params: np.ndarray) -> np.ndarray:
        """Second derivatives (parameters, parameters), by differences of the gradient."""
        found = approx_fprime(params, self.score, centered=True)
        return (found + found.T) / 2


def usable(frame: pd.DataFrame, signals: Sequence[str]) -> list[str]:
    """The signals that say something: not all abstained, not constant."""
    return [name for name in signals if frame[name].notna().any() and frame[name].std() > 0]


def independent(columns: np.ndarray, given: np.ndarray) -> np.ndarray:
    """Which `columns (rows, n)` are no linear combination of a constant, `given` and the columns before: bool (n,).

    The probabilities of a classifier sum to 1, so that the last of them says nothing that the others do not; a cue that
    no rated dialogue shows says nothing at all. The weight of such a column could be any number.
    """
    matrix = np.hstack([np.ones((len(columns), 1)), given, columns])
    unexplained = np.zeros(matrix.shape[1])
    diagonal = np.abs(np.diag(np.linalg.qr(matrix, mode="r")))
    unexplained[: len(diagonal)] = diagonal
    return (unexplained > NOTHING_NEW * np.linalg.norm(matrix, axis=0))[1 + given.shape[1] :]


def dialogue_means(turns: pd.DataFrame, values: np.ndarray, conv_ids: Sequence[str]) -> np.ndarray:
    """Mean over the turns of each dialogue: values (turns, ...) -> (len(conv_ids), ...), in the order of conv_ids."""
    frame = pd.DataFrame(values.reshape(len(turns), -1), index=turns["conv_id"].to_numpy())
    means = frame.groupby(level=0).mean().loc[list(conv_ids)].to_numpy()
    return means.reshape(len(conv_ids), *values.shape[1:])


def fit_label_model(turns: pd.DataFrame, rated: pd.DataFrame, signals: Sequence[str]) -> LabelModel:
    """Fit on the rated dialogues.

    turns: signals of the turns (at least of the rated dialogues'), with conv_id; their means and scales standardise.
    rated: conv_id, rating (whole, 1 to 5), sheet. A signal that says nothing new of the rated dialogues is left out.

    Raises UserError where the ratings are too few for the signals.
    """
    chosen = usable(turns, signals)
    values = turns[chosen].to_numpy(dtype=float)
    means, scales = np.nanmean(values, axis=0), np.nanstd(values, axis=0)
    standardised = np.where(np.isfinite(values), (values - means) / scales, ABSTAINED)
    aggregated = dialogue_means(turns, standardised, rated["conv_id"].tolist())
    sheets = sorted(rated["sheet"].unique())
    # The first sheet is the reference; effects are centred afterwards.
    dummies = (rated["sheet"].to_numpy()[:, None] == np.array(sheets[1:], dtype=object)[None, :]).astype(float)
    kept = independent(aggregated, dummies)
    chosen, means, scales = [name for name, one in zip(chosen, kept, strict=True) if one], means[kept], scales[kept]
    columns = [*chosen, *(f"sheet {sheet}" for sheet in sheets[1:])]
    design = pd.DataFrame(np.hstack([aggregated[:, kept], dummies]), columns=columns)
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
    if missing := sorted(set(LEVELS) - set(ratings)):
        raise UserError(
            f"human ratings: expected every rating from 1 to 5 among the {len(ratings)} that the label model is fitted "
            f"on, came none of {', '.join(map(str, missing))}; give more ratings, or set label_model to fixed"
        )
    levels = pd.Series(pd.Categorical(ratings.astype(int), categories=LEVELS.tolist(), ordered=True))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the optimiser's line search; convergence is checked below
        fitted = ProportionalOdds(levels, design).fit(method="bfgs", maxiter=500, disp=False)
    steepest = np.abs(fitted.model.score(fitted.params)).max()
    if not (np.isfinite(fitted.bse).all() and (fitted.mle_retvals["converged"] or steepest <= 1.0)):
        raise UserError(
            f"label model: expected weights of {design.shape[1]} signals and sheets that fit {len(ratings)} ratings "
            "best, came none (the likelihood has no maximum); give more ratings or fewer functions"
        )
    return fitted
