"""Forecasting as it is served: the time axis, recursions, lag windows, and the forecaster that puts them together.

Training uses the very same functions, so a forecast of the service is the forecast that was validated.
"""
