"""Integration: reaction networks in time and at their steady state, for many experiments at once.

Nothing here knows rate laws by name: what a law means belongs to ``rate_laws``. Read ``network``
first, then ``integrator``.
"""
