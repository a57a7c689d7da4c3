"""The label model: known parameters, independent tools, and numbers by hand."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize
from scipy.special import expit
from statsmodels.miscmodels.ordinal_model import OrderedModel

from pipelines.errors import UserError
from pipelines.labels.label_model import (
    LabelModel,
    ProportionalOdds,
    dialogue_means,
    fit_label_model,
    independent,
    interpolated_median,
)

WEIGHTS = {"a.x": 1.0, "a.y": -0.6, "b.z": 0.0}  # logits a unit; the signals below have a standard deviation of 1
THRESHOLDS = np.array([-2.0, -0.7, 0.5, 1.8])
SHEETS = {"s1": -0.8, "s2": 0.1, "s3": 0.7}


def simulate(dialogues: int, seed: int = 0, turns_each: int = 3) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Turns with signals, and ratings that depend on the mean latent value of a dialogue's turns and its sheet."""
    rng = np.random.default_rng(seed)
    names = [f"d{number}" for number in range(dialogues)]
    turns = pd.DataFrame(rng.normal(size=(dialogues * turns_each, 3)), columns=list(WEIGHTS))
    turns.insert(0, "conv_id", np.repeat(names, turns_each))
    latent = (turns[list(WEIGHTS)] @ np.array(list(WEIGHTS.values()))).groupby(turns["conv_id"]).mean()
    sheet = rng.choice(list(SHEETS), dialogues, p=[0.2, 0.5, 0.3])
    value = latent.loc[names].to_numpy() + np.array([SHEETS[one] for one in sheet]) + rng.logistic(size=dialogues)
    rating = 1 + np.searchsorted(THRESHOLDS, value)
    rated = pd.DataFrame({"conv_id": names, "rating": rating, "sheet": sheet})
    return turns, rated.sample(frac=1, random_state=1).reset_index(drop=True)  # in no order


@pytest.fixture(scope="module")
def simulated() -> tuple[pd.DataFrame, pd.DataFrame]:
    return simulate(4000)


@pytest.fixture(scope="module")
def fitted(simulated: tuple[pd.DataFrame, pd.DataFrame]) -> LabelModel:
    return fit_label_model(*simulated, list(WEIGHTS))


def by_hand() -> LabelModel:
    """Two signals, two sheets, easy numbers."""
    return LabelModel(
        signals=["a.x", "b.z"],
        means=np.array([1.0, 0.0]),
        scales=np.array([2.0, 1.0]),
        weights=np.array([0.5, -1.0]),
        standard_errors=np.array([0.2, 0.1]),
        thresholds=np.array([-2.0, -1.0, 0.0, 1.0]),
        sheet_effects=np.array([-0.6, 0.2]),
        sheet_shares=np.array([0.25, 0.75]),
        covariance=np.array([[0.04, 0.01], [0.01, 0.01]]),
    )


def test_known_parameters_are_found(fitted: LabelModel, simulated: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    turns, rated = simulated
    scale = turns[list(WEIGHTS)].std(ddof=0).to_numpy()
    means = turns[list(WEIGHTS)].mean().to_numpy()
    true = np.array(list(WEIGHTS.values()))
    assert fitted.means == pytest.approx(means)
    assert fitted.scales == pytest.approx(scale)
    assert (np.abs(fitted.weights - true * scale) < 3 * fitted.standard_errors).all()
    assert (fitted.standard_errors < 0.07).all()
    shares = rated["sheet"].value_counts(normalize=True).loc[list(SHEETS)].to_numpy()
    effects = np.array(list(SHEETS.values()))
    assert fitted.sheet_shares == pytest.approx(shares)
    assert fitted.sheet_effects @ fitted.sheet_shares == pytest.approx(0, abs=1e-9)
    assert fitted.sheet_effects == pytest.approx(effects - effects @ shares, abs=0.15)
    # Effects are centred and signals standardised, so the thresholds move by both.
    assert fitted.thresholds == pytest.approx(THRESHOLDS - effects @ shares - means @ true, abs=0.15)


def design(turns: pd.DataFrame, rated: pd.DataFrame) -> np.ndarray:
    """Mean standardised signals and dummies of the second and third sheet, made without the code under test."""
    signals = turns[list(WEIGHTS)]
    standard = (signals - signals.mean()) / signals.std(ddof=0)
    means = standard.groupby(turns["conv_id"]).mean().loc[rated["conv_id"]].to_numpy()
    return np.column_stack([means, rated["sheet"] == "s2", rated["sheet"] == "s3"]).astype(float)


def test_statsmodels_alone_agrees(fitted: LabelModel, simulated: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    turns, rated = simulated
    levels = pd.Series(pd.Categorical(rated["rating"], ordered=True))
    other = OrderedModel(levels, design(turns, rated), distr="logit").fit(method="newton", disp=False)
    assert fitted.weights == pytest.approx(other.params.to_numpy()[:3], abs=1e-3)
    assert fitted.standard_errors == pytest.approx(other.bse.to_numpy()[:3], rel=1e-2)
    assert fitted.covariance == pytest.approx(other.cov_params().to_numpy()[:3, :3], abs=1e-5)
    assert np.diff(fitted.sheet_effects)[0] == pytest.approx(other.params.iloc[3], abs=1e-3)
    thresholds = other.model.transform_threshold_params(other.params.to_numpy()[5:])[1:-1]
    assert np.diff(fitted.thresholds) == pytest.approx(np.diff(thresholds), abs=1e-3)
    shift = fitted.sheet_effects[0]  # that of the reference sheet, which the other tool has at 0
    assert fitted.thresholds - shift == pytest.approx(thresholds, abs=1e-3)


def test_a_likelihood_written_out_here_agrees(fitted: LabelModel, simulated: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    turns, rated = simulated
    columns, rating = design(turns, rated), rated["rating"].to_numpy()

    def loss(parameters: np.ndarray) -> float:
        edges = np.concatenate([[-np.inf], parameters[5] + np.cumsum([0, *np.exp(parameters[6:])]), [np.inf]])
        latent = columns @ parameters[:5]
        return -float(np.log(expit(edges[rating] - latent) - expit(edges[rating - 1] - latent)).mean())

    found = minimize(loss, np.array([0, 0, 0, 0, 0, -1.5, 0, 0, 0], dtype=float), method="BFGS").x
    assert fitted.weights == pytest.approx(found[:3], abs=2e-3)
    assert fitted.sheet_effects - fitted.sheet_effects[0] == pytest.approx([0, *found[3:5]], abs=2e-3)
    assert fitted.thresholds[0] - fitted.sheet_effects[0] == pytest.approx(found[5], abs=2e-3)
    assert np.diff(fitted.thresholds) == pytest.approx(np.exp(found[6:]), abs=2e-3)


def test_the_gradient_in_closed_form_is_that_of_the_likelihood() -> None:
    turns, rated = simulate(200)
    columns = pd.DataFrame(design(turns, rated))
    levels = pd.Series(pd.Categorical(rated["rating"], ordered=True))
    model = ProportionalOdds(levels, columns)
    plain = OrderedModel(levels, columns, distr="logit")
    place = np.array([0.3, -0.2, 0.1, 0.5, -0.4, -1.3, 0.2, -0.1, 0.3])
    assert model.loglike(place) == pytest.approx(plain.loglike(place))
    assert model.score(place) == pytest.approx(plain.score(place), rel=1e-4, abs=1e-4)
    assert model.hessian(place) == pytest.approx(plain.hessian(place), rel=1e-2, abs=0.05)


def test_a_dialogue_is_rated_by_the_mean_latent_value_of_its_turns(fitted: LabelModel) -> None:
    turns, rated = simulate(30, seed=5)
    of_turns = dialogue_means(turns, fitted.latent(turns), rated["conv_id"].tolist())
    aggregated = pd.DataFrame(
        dialogue_means(turns, turns[list(WEIGHTS)].to_numpy(), rated["conv_id"].tolist()), columns=list(WEIGHTS)
    )
    assert of_turns == pytest.approx(fitted.latent(aggregated))


def test_dialogue_means_follow_the_order_asked_for() -> None:
    turns = pd.DataFrame({"conv_id": ["b", "a", "b"]})
    assert dialogue_means(turns, np.array([1.0, 5.0, 3.0]), ["b", "a", "b"]).tolist() == [2.0, 5.0, 2.0]
    both = dialogue_means(turns, np.array([[1.0, 0.0], [5.0, 1.0], [3.0, 4.0]]), ["a", "b"])
    assert both.tolist() == [[5.0, 1.0], [2.0, 2.0]]


def test_scores_by_hand() -> None:
    model = by_hand()
    frame = pd.DataFrame({"a.x": [3.0, np.nan], "b.z": [0.5, 2.0]}, index=[7, 4])
    latent = np.array([0.5 * 1.0 - 0.5, 0.0 - 2.0])  # an abstention counts as the mean
    assert model.latent(frame) == pytest.approx(latent)
    expected, spread = [], []
    for value in latent:
        below = [
            0.25 / (1 + np.exp(-(threshold + 0.6 - value))) + 0.75 / (1 + np.exp(-(threshold - 0.2 - value)))
            for threshold in (-2, -1, 0, 1)
        ]
        share = np.diff([0, *below, 1])
        assert model.probabilities(np.array([value]))[0] == pytest.approx(share)
        # Ratings spread evenly over half a point to either side: where half of them lie below.
        expected.append(np.interp(0.5, [0, *below, 1], [0.5, 1.5, 2.5, 3.5, 4.5, 5.5]))
        mean = sum(p * k for k, p in enumerate(share, start=1))
        spread.append(np.sqrt(sum(p * (k - mean) ** 2 for k, p in enumerate(share, start=1))))
    scores = model.score(frame)
    assert scores.index.tolist() == [7, 4]
    assert scores["empathy"].tolist() == pytest.approx(expected)
    assert scores["empathy_sd"].tolist() == pytest.approx(spread)


def test_interpolated_medians() -> None:
    shares = [
        [1, 0, 0, 0, 0],
        [0, 0, 0, 0, 1],
        [0.5, 0, 0, 0, 0.5],  # anything from 1.5 to 4.5 would do
        [0, 0.25, 0.5, 0.25, 0],
        [0, 0.1, 0.2, 0.7, 0],
        [0.6, 0.4, 0, 0, 0],
    ]
    found = interpolated_median(np.array(shares, dtype=float))
    assert found.tolist() == pytest.approx([1, 5, 1.5, 3, 3.5 + 0.2 / 0.7, 0.5 + 0.5 / 0.6])
    # The median of ratings of which each is spread evenly over half a point to either side.
    rng = np.random.default_rng(0)
    drawn = rng.choice([2, 3, 4], 20001, p=[0.1, 0.2, 0.7]) + rng.uniform(-0.5, 0.5, 20001)
    assert found[4] == pytest.approx(np.median(drawn), abs=0.03)


def test_the_standard_error_is_the_spread_over_weights_that_might_have_been_found() -> None:
    model = by_hand()
    frame = pd.DataFrame({"a.x": [3.0, 0.0, 1.0], "b.z": [0.5, -1.5, 0.0]})
    drawn = np.random.default_rng(0).multivariate_normal(model.weights, model.covariance / 100, size=400)
    scores = [replace(model, weights=weights).score(frame)["empathy"].to_numpy() for weights in drawn]
    found = model.score(frame)["empathy_se"].to_numpy()
    assert found / 10 == pytest.approx(np.std(scores, axis=0), rel=0.12)
    assert found[2] == 0  # a turn like the average turn does not depend on the weights


def test_the_standard_error_is_that_of_refitted_models() -> None:
    turns, rated = simulate(600, seed=3)
    model = fit_label_model(turns, rated, list(WEIGHTS))
    some = turns.iloc[:40]
    rng = np.random.default_rng(0)
    scores = []
    for _ in range(40):
        drawn = rated.iloc[rng.integers(0, len(rated), len(rated))].reset_index(drop=True)
        refitted = replace(model, weights=fit_label_model(turns, drawn, list(WEIGHTS)).weights)
        scores.append(refitted.score(some)["empathy"].to_numpy())
    ratio = model.score(some)["empathy_se"].to_numpy() / np.std(scores, axis=0)
    assert 0.8 < np.median(ratio) < 1.25


def test_scores_lie_between_1_and_5_and_rise_with_the_latent_value(fitted: LabelModel) -> None:
    frame = pd.DataFrame({"a.x": np.linspace(-60, 60, 25), "a.y": 0.0, "b.z": 0.0})
    scores = fitted.score(frame)["empathy"].to_numpy()
    assert (scores >= 1).all() and (scores <= 5).all()
    assert (np.diff(scores) >= -1e-12).all()
    assert scores[0] == pytest.approx(1, abs=1e-6) and scores[-1] == pytest.approx(5, abs=1e-6)


def test_signals_that_say_nothing_are_left_out() -> None:
    turns, rated = simulate(400)
    alone = fit_label_model(turns, rated, list(WEIGHTS))
    unrated = turns.iloc[[0]].assign(conv_id="nobody rated this", **{"c.rare": 1.0})
    more = pd.concat(
        [
            turns.assign(**{"c.never": np.nan, "c.same": 4.0, "c.rare": 0.0, "c.sum": turns["a.x"] - turns["b.z"]}),
            unrated,
        ]
    )
    model = fit_label_model(more, rated, [*WEIGHTS, "c.never", "c.same", "c.rare", "c.sum"])
    assert model.signals == list(WEIGHTS)
    assert model.weights == pytest.approx(alone.weights, abs=0.01)
    assert np.isfinite(model.standard_errors).all()


def test_classes_that_sum_to_one_have_weights_that_can_be_told() -> None:
    turns, rated = simulate(400)
    shares = np.exp(turns[list(WEIGHTS)].to_numpy())
    shares = (shares / shares.sum(axis=1, keepdims=True)).astype(np.float32)
    names = [f"i.{name}" for name in WEIGHTS]
    model = fit_label_model(turns.assign(**dict(zip(names, shares.T, strict=True))), rated, names)
    assert model.signals == names[:2]
    assert (model.standard_errors < 0.5).all()


def test_independent_columns() -> None:
    rng = np.random.default_rng(0)
    a, b, given = rng.normal(size=(3, 20))
    columns = np.column_stack([a, np.zeros(20), b, a - 2 * b, np.full(20, 3.0), given + 1, a**2])
    assert independent(columns, given[:, None]).tolist() == [True, False, True, False, False, False, True]
    assert independent(rng.normal(size=(4, 6)), np.zeros((4, 0))).sum() == 3  # four rows, a constant


def test_a_signal_that_abstains_at_times_counts_as_its_mean() -> None:
    turns, rated = simulate(400)
    holes = turns.assign(**{"a.x": turns["a.x"].where(np.arange(len(turns)) % 3 > 0)})
    model = fit_label_model(holes, rated, list(WEIGHTS))
    assert model.means[0] == pytest.approx(holes["a.x"].mean())
    assert model.standardised(holes)[::3, 0].tolist() == [0.0] * 400
    filled = holes.fillna({"a.x": holes["a.x"].mean()})
    assert model.latent(holes) == pytest.approx(model.latent(filled))


def test_one_sheet_has_no_effect() -> None:
    turns, rated = simulate(400)
    model = fit_label_model(turns, rated.assign(sheet=""), list(WEIGHTS))
    assert (model.sheet_effects.tolist(), model.sheet_shares.tolist()) == ([0.0], [1.0])


def test_too_few_ratings_say_so() -> None:
    turns, rated = simulate(400)
    with pytest.raises(UserError, match=r"expected every rating from 1 to 5 among the \d+ .*, came none of 1, 4; give"):
        fit_label_model(turns, rated[~rated["rating"].isin([1, 4])].reset_index(drop=True), list(WEIGHTS))
    told = rated.groupby("rating").head(2).reset_index(drop=True)  # ten ratings: three signals tell them apart
    exact = turns.assign(**{"a.x": turns["conv_id"].map(rated.set_index("conv_id")["rating"]).astype(float)})
    with pytest.raises(
        UserError, match=r"expected weights of \d signals and sheets that fit 10 ratings best, came none"
    ):
        fit_label_model(exact, told, ["a.x"])


def test_to_json_and_back(fitted: LabelModel, simulated: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    described = json.loads(json.dumps(fitted.to_dict(), allow_nan=False))
    assert described["schema_version"] == 1
    again = LabelModel.from_dict(described)
    assert again.signals == fitted.signals
    pd.testing.assert_frame_equal(again.score(simulated[0]), fitted.score(simulated[0]))
    unknown = LabelModel.from_dict(described | {"standard_errors": [None] * 3})
    assert np.isnan(unknown.standard_errors).all()
