"""Kinds of models that words ask for or refuse, and names that only tell of a model that there is."""

from __future__ import annotations

import pytest

from traineragent import registry
from traineragent.domain.task import Request
from traineragent.knowledge.lexicons import lexicon
from traineragent.language.models import find_models, still_asked, told
from traineragent.language.reading import Reading
from traineragent.language.task import understand

from .tables import table


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        ("Predict churn with a random forest", ("model:random_forest",)),
        ("Predict churn using XGBoost", ("model:boosted_trees",)),
        ("please train a simple logistic regression to predict churn", ("model:linear",)),
        ("Predict churn. Random forest please.", ("model:random_forest",)),
        ("use deep learning to tell cats from dogs", ("model:neural_network",)),
        ("Forecast sales with Holt-Winters", ("model:exponential_smoothing",)),
        ("fine-tune BERT on these reviews", ("model:transformer",)),
        ("Vorhersage der Kündigung mit einem Random Forest", ("model:random_forest",)),
        ("Prédire le départ avec une forêt aléatoire", ("model:random_forest",)),
        ("用随机森林预测流失", ("model:random_forest",)),
        ("Predict churn, no neural networks", ("not_model:neural_network",)),
        ("I don't want a neural net, predict churn", ("not_model:neural_network",)),
        ("Neural networks are not allowed. Predict churn.", ("not_model:neural_network",)),
        ("anything but deep learning", ("not_model:neural_network",)),
        ("Kündigung vorhersagen, ohne neuronale Netze", ("not_model:neural_network",)),
        ("predecir la baja sin redes neuronales", ("not_model:neural_network",)),
        ("不要用神经网络,预测流失", ("not_model:neural_network",)),
        ("Our current random forest reaches 0.8, beat it", ()),
        ("Predict churn better than with logistic regression", ()),
        ("We use a random forest today. Predict churn", ()),
        ("Predict the number of trees in the forest", ()),
        ("predict the voltage of the transformer", ()),
        ("Which substation transformers will overheat in July?", ()),
        ("kaun se transformer garam honge", ()),
        ("With the oil of each transformer predict its failure", ()),
        ("No transformer stands here, so predict the voltage drop", ()),
        ("Was it CNN or Fox? Sort the headlines by sender", ()),
        ("Buyers with a cart above 80 euro: who pays?", ()),
        ("Use a transformer for the letters", ("model:transformer",)),
        ("Sort the letters, train a small transformer please", ("model:transformer",)),
        ("Bitte mit einem Transformer-Modell sortieren", ("model:transformer",)),
        ("Don't use a CNN for the leaves", ("not_model:convolutional_network",)),
        ("random forest se batao kaun jayega", ("model:random_forest",)),
        ("ランダムフォレストで予測して", ("model:random_forest",)),
    ],
)
def test_kinds_of_models_asked_for_and_refused(words: str, asked: tuple[str, ...]) -> None:
    assert find_models(Reading.of(words)).constraints == asked


def test_a_kind_that_there_is_not_is_said() -> None:
    task = understand(Request("Predict churn with an SVM"), table("age:int 18..90, churn:flag yes|no"), 2000)
    assert not any("model" in c for c in task.constraints)
    assert any("support vector machine" in a.why for a in task.assumptions)


def test_a_new_wish_takes_the_place_of_the_one_before() -> None:
    before = ("model:linear", "not_model:neural_network", "interpretable")
    assert still_asked(before, ("model:random_forest",)) == ("not_model:neural_network", "interpretable")
    assert still_asked(before, ("model:neural_network",)) == ("interpretable",)
    assert still_asked(before, ("not_model:linear",)) == ("not_model:neural_network", "interpretable")
    assert told("not_model:neural_network") == "neural network is ruled out"


def test_every_family_named_exists() -> None:
    named = {f for kind in lexicon("models")["kinds"].values() for f in kind["families"]}
    assert named <= set(registry.names("families"))
