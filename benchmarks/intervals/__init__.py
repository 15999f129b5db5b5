"""How often intervals hold what is measured, on data sets that never change: no campaigns."""
