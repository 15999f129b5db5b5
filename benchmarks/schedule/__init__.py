"""Benches of schedules: public job shops, a lab of two ovens, forecasts with noise."""
