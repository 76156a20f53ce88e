"""What a call may cost and how long a run may wait: prices, the budget of a run, and its patience with a slow model.

Knows nothing of prompts or answers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..store.calls import Limits


def price_usd(provider: str, model: str, tokens_in: int, tokens_out: int, prices: Mapping[str, Any]) -> float | None:
    """Dollars for so many tokens: by the table given, else by the package genai-prices; None where nobody knows."""
    table = prices.get(provider, {})
    pair = table.get(model, table.get("*"))
    if pair is not None:
        return float((tokens_in * pair[0] + tokens_out * pair[1]) / 1e6)
    try:
        from genai_prices import Usage, calc_price
    except ImportError:
        return None
    try:
        return float(
            calc_price(Usage(input_tokens=tokens_in, output_tokens=tokens_out), model, provider_id=provider).total_price
        )
    except (LookupError, ValueError):
        return None


def limits_of(settings: Mapping[str, Any], *, calls: int | None, usd: float | None, priced: bool) -> Limits:
    """The run's budget: what was asked for, else the settings. Money is limited only where the price is known."""
    money = usd if usd is not None else float(settings["usd"])
    return Limits(
        calls=calls if calls is not None else int(settings["calls"]),
        tokens=int(settings["tokens"]),
        usd=money if priced else None,
    )


@dataclass(frozen=True)
class Patience:
    """How long a run may wait for replies while nothing else goes on. `minutes` gives the run's budget, None while it
    is not agreed; `timed` is False where a number of trials decides and time does not; `used_s` are the seconds that
    the run has used. Of what is left of its time, half at most is spent on one reply."""

    settings: Mapping[str, Any]
    minutes: Callable[[], float | None]
    timed: Callable[[], bool]
    used_s: Callable[[], float] = float

    def left_s(self, waited_s: float) -> float:
        """Seconds that may still be waited in all, of which `waited_s` are gone."""
        if not self.timed():
            return float(self.settings["untimed_wait_s"]) - waited_s
        minutes = self.minutes()
        if minutes is None:
            return float(self.settings["first_wait_s"]) - waited_s
        share = float(self.settings["waiting_share"]) * 60.0 * minutes - waited_s
        return min(share, 0.5 * (60.0 * minutes - self.used_s()))

    def call_s(self) -> float:
        """The longest wait for one reply."""
        minutes = self.minutes() if self.timed() else None
        longest = float(self.settings["call_s"])
        return longest if minutes is None else min(longest, 30.0 * minutes)
