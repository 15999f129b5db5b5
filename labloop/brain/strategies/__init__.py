"""Strategies: one way each to propose experiments from past ones.

``base.py`` is the protocol. ``botorch.py`` is Bayesian optimisation with any surrogate,
``physics.py`` the same with a mixture that knows physics, ``auto.py`` chooses between them,
``skopt.py`` asks scikit-optimize, ``sampling.py`` learns nothing. ``plates.py`` plans whole plates
with any of these that can: ``supply.py`` says which points there are, ``together.py`` what they are
worth, ``filling.py`` which stand in which well.
"""
