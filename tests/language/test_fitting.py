"""Metrics that cannot judge the kind of answer are replaced and told, and names of columns are no metrics."""

from __future__ import annotations

import pytest

from traineragent.domain.task import Request, TaskSpec
from traineragent.language.fitting import fits
from traineragent.language.kinds import wish_of
from traineragent.language.reading import Reading
from traineragent.language.task import understand

from .tables import table

GRADES = "income:float 900..4800, city:cat Ulm|Bonn|Kiel, grade:int 1..5"
HOUSES = "rooms:int 1..9, area:float 30..400, price:float 50000..900000"


def said(words: str, spec: str) -> TaskSpec:
    return understand(Request(words), table(spec), 2000)


def limits(task: TaskSpec) -> dict[str, tuple[str, float]]:
    return {r.name: (r.direction, r.limit) for r in task.requirements}


def test_eighty_percent_accurate_numbers_are_off_by_a_fifth_on_average() -> None:
    task = said("Estimate the price, accuracy at least 80 %", HOUSES)
    assert task.task_type == "tabular_regression"
    assert limits(task) == {"mape": ("<=", 0.2)}
    assert [m.name for m in task.metrics] == ["mape"]
    told = next(a for a in task.assumptions if a.what == "accuracy")
    assert "20 % of the value" in str(told.value)
    assert "exactly right" in told.why


def test_where_numbers_may_be_nought_their_errors_are_summed() -> None:
    task = said("Estimate the rain with an accuracy of 80 %", "humidity:float 0..100, rain:float 0..90")
    assert limits(task) == {"wape": ("<=", 0.2)}


def test_where_numbers_may_be_negative_a_share_of_right_answers_is_read_as_r2() -> None:
    task = said("Estimate the profit with an accuracy of 80 %", "rooms:int 1..9, profit:float -500..900")
    assert limits(task) == {"r2": (">=", 0.8)}


def test_accuracy_that_is_only_wished_for_leaves_the_usual_metric_of_numbers() -> None:
    task = said("Estimate the price with the best accuracy", HOUSES)
    assert [m.name for m in task.metrics] == ["r2"]
    assert not task.metrics[0].stated
    assert not task.requirements


@pytest.mark.parametrize("metric", ["RMSE", "MAE", "R2"])
def test_an_error_of_numbers_does_not_lead_a_search_for_classes(metric: str) -> None:
    task = said(f"Predict churn, judged by {metric}", "age:int 18..90, churn:flag yes|no")
    assert [m.name for m in task.metrics] == ["roc_auc"]
    assert any("cannot judge answers that are classes" in a.why for a in task.assumptions)


def test_more_guesses_than_classes_are_left_out() -> None:
    task = said("Who will churn? Precision among the first 100 counts.", "age:int 18..90, churn:flag yes|no")
    assert [m.name for m in task.metrics] == ["precision"]
    assert not task.requirements
    assert any("always 1" in a.why for a in task.assumptions)


@pytest.mark.parametrize("words", ["Predict the grade by quadratic weighted kappa.", "Predict the grade, F1 macro."])
def test_few_whole_numbers_are_classes_where_a_metric_of_classes_is_named(words: str) -> None:
    assert said(words, GRADES).task_type == "tabular_classification"


@pytest.mark.parametrize("words", ["Predict the grade, MAE below 0.5", "Predict the grade, how many points is it?"])
def test_few_whole_numbers_stay_numbers_elsewhere(words: str) -> None:
    assert said(words, GRADES).task_type == "tabular_regression"


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("we judge by F2", "f2"),
        ("the F0.5 score counts", "f0_5"),
        ("maximise the geometric mean of sensitivity and specificity", "g_mean"),
        ("a KS statistic above 0.4", "ks_statistic"),
        ("Youden's index", "youden_j"),
        ("judge by the Jaccard index", "jaccard"),
        ("negative predictive value of 99 %", "negative_predictive_value"),
    ],
)
def test_metrics_of_the_trades_are_known(words: str, name: str) -> None:
    assert said(f"Who will churn? {words}.", "age:int 18..90, churn:flag yes|no").metrics[0].name == name


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("WAPE below 15 %", "wape"),
        ("rank correlation", "spearman_correlation"),
        ("Pearson's r above .8", "pearson_correlation"),
        ("RMSPE", "rmspe"),
        ("MdAPE under 15 %", "median_absolute_percentage_error"),
        ("forecast bias below 2", "bias"),
    ],
)
def test_metrics_of_numbers_are_known(words: str, name: str) -> None:
    assert said(f"Predict the price: {words}.", HOUSES).metrics[0].name == name


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("median error under 20 percent", {"median_absolute_percentage_error": ("<=", 0.2)}),
        ("RMSE below 10 %", {"rmspe": ("<=", 0.1)}),
        ("median error under 20", {"median_absolute_error": ("<=", 20)}),
        ("an RMSE 10 % lower than today", {}),
    ],
)
def test_an_error_told_in_percent_is_no_error_in_units(words: str, wanted: dict[str, tuple[str, float]]) -> None:
    assert limits(said(f"Predict the price: {words}.", HOUSES)) == wanted


def test_columns_are_no_metrics() -> None:
    task = said("Predict f3 from f1 and f2.", "f1:float 0..9, f2:float 0..9, f3:float 0..9")
    assert [m.stated for m in task.metrics] == [False]


def test_a_column_called_like_a_metric_is_no_metric() -> None:
    task = said("Would this person say yes? Column r2 has Y or N.", "anger:int 1..40, item:cat, r2:flag Y|N")
    assert task.data_info.target == "r2"
    assert [m.name for m in task.metrics] == ["roc_auc"]
    assert not any(a.what == "r2" for a in task.assumptions)


def test_a_metric_that_fits_is_kept() -> None:
    task = said("Predict churn with an accuracy of at least 80 %", "age:int 18..90, churn:flag yes|no")
    assert limits(task) == {"accuracy": (">=", 0.8)}


@pytest.mark.parametrize(
    ("metric", "family", "known"),
    [
        ("accuracy", "classification", True),
        ("accuracy", "regression", False),
        ("top3_accuracy", "regression", False),
        ("top3_accuracy", "classification", True),
        ("mae", "forecasting", True),
        ("recall", "tokens", True),
        ("roc_auc", "tokens", False),
        ("cost_of_mine", "regression", True),
    ],
)
def test_metrics_fit_families_of_tasks(metric: str, family: str, known: bool) -> None:
    assert fits(metric, family) is known


def test_a_forecast_with_an_accuracy_is_a_forecast() -> None:
    task = said("Forecast sales for the next 12 months with an accuracy of 95 %", "month:date, sales:float 10..900")
    assert task.task_type == "forecasting"
    assert limits(task) == {"mape": ("<=", 0.05)}
    assert wish_of(Reading.of("Forecast sales for the next 12 months with an accuracy of 95 %")) != "choice"
