"""Questions of yes or no about a number, and wishes that only look like them."""

from __future__ import annotations

import pytest

from traineragent.language.reading import Reading
from traineragent.language.thresholds import cut_asked

from .tables import table

HOUSES = "longitude:float -124..-114, housing_median_age:int 1..52, median_house_value:float 14999..500001, sea:cat"
BIRTHS = "mother_age:int 15..45, smokes:flag, weeks:int 25..44, birth_weight_g:float 800..5200"
HOTELS = "rooms:int 5..400, km_to_beach:float 0..30, pool:flag, stars:int 1..5"
HIKES = "rain_mm:float 0..40, temp_c:float -5..35, holiday:flag, count:int 0..400"
GYMS = "age:int 16..80, visits:int 0..200, monthly_fee:float 15..90, quit:flag"
FLATS = "rooms:int 1..7, sale_price:float 60000..900000, sold_30d:flag"
TRIPS = "age:int 18..90, distance_km:float 0..40, tip:float 0..60, fare:float 2..180, wait_minutes:float 0..120"


@pytest.mark.parametrize(
    ("words", "columns", "expected"),
    [
        ("Is a house there worth more than 300000 dollars?", HOUSES, ("median_house_value", ">", 300000)),
        ("Will the baby weigh less than 2.5 kg?", BIRTHS, ("birth_weight_g", "<", 2500)),
        ("Which babies will have a birth weight below 2500?", BIRTHS, ("birth_weight_g", "<", 2500)),
        ("Will the tip be at least 10 dollars? AUC above 0.8, answer under 20 ms", TRIPS, ("tip", ">=", 10)),
        ("Predict whether the wait is longer than half an hour", TRIPS, ("wait_minutes", ">", 30)),
        ("Will the guest tip more than 3 dollars?", TRIPS, ("tip", ">", 3)),
        ("Is the hotel rated 4 or more? The rating is the last column.", HOTELS, ("stars", ">=", 4)),
        ("Will over 120 hikers come? F1 of 0.7.", HIKES, ("count", ">", 120)),
        ("Does a member pay more than 40 a month?", GYMS, ("monthly_fee", ">", 40)),
        ("Is the flat more expensive than 200,000 euros?", FLATS, ("sale_price", ">", 200000)),
        ("La course (fare) coûtera-t-elle plus de 50 ?", TRIPS, ("fare", ">", 50)),
    ],
)
def test_a_line_through_a_column_is_found(words: str, columns: str, expected: tuple[str, str, float]) -> None:
    cut = cut_asked(Reading.of(words), table(columns))
    assert cut is not None
    assert (cut.column, cut.side, cut.value) == expected


@pytest.mark.parametrize(
    ("words", "columns"),
    [
        ("Predict the birth weight", BIRTHS),
        ("How much do babies of more than 30 weeks weigh?", BIRTHS),
        ("How much tip for trips with distance over 5 km?", TRIPS),
        ("Will people with age over 60 tip?", TRIPS),
        ("Predict fare, at most 3 off", TRIPS),
        ("Will the tip be over 1000 dollars?", TRIPS),
        ("Will the passenger smoke? Find more than 90 % of them", BIRTHS),
        ("Predict the tip with an RMSE below 2", TRIPS),
        ("Which members over 40 will quit?", GYMS),
        ("Which flats above 200,000 euros are going to be sold within a month?", FLATS),
        ("How many hikers come on days of more than 20 degrees?", HIKES),
    ],
)
def test_other_wishes_draw_no_line(words: str, columns: str) -> None:
    assert cut_asked(Reading.of(words), table(columns)) is None
