"""Peers: BayBE, Ax, BoFire and Optuna as strategies, each in a process of its own.

Read ``strategy.py`` first. ``catalogue.py`` says what each peer can do and what is refused,
``request.py`` turns spaces and results into JSON and points back, ``process.py`` speaks to a
worker, ``environment.py`` makes the environment that workers run in. ``workers/`` holds the
scripts themselves, which know nothing of labloop.
"""

from labloop.brain.peers.catalogue import PEERS, Peer
from labloop.brain.peers.environment import install, installed, peers_folder
from labloop.brain.peers.strategy import PeerStrategy

__all__ = ["PEERS", "Peer", "PeerStrategy", "install", "installed", "peers_folder"]
