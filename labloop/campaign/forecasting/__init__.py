"""How long a campaign will take, and what it will wait for, found out before it runs.

Read ``prediction.py`` first. ``simulated_run.py`` runs the real procedures ahead in simulated time;
``makespan.py`` does the same for plain functions, of which only measured durations are known. What
a running campaign says of its time left belongs to ``progress``.
"""

from labloop.campaign.forecasting.prediction import Forecast, forecast

__all__ = ["Forecast", "forecast"]
