"""The verbs, a few a file; what a verb needs is imported when it is called."""
