"""Verbs about what is stored: shown, explained, exported, forecast, archived.

None of them runs an experiment. Read ``status.py`` first. What makes something happen is in
``verbs``.
"""
