"""Verbs that make something happen, a few a file; what one needs is imported when it is called.

A verb reads its arguments, calls the room that does the work and prints what came of it. Verbs that
look at what is stored are in ``stored``. Read ``run.py`` first.
"""
