"""What runs in the peers' environment, without labloop: ``python serve.py baybe_peer.py``.

Nothing of labloop imports these files, and they import nothing of labloop.
"""
