"""A driver whose library is not installed."""

from labloop_adapters.base import library

library("nosuchlibrary.instruments", "visa")
