"""Counterfoil: tickets in Git for people and coding agents.

The names of the SDK are loaded when they are first asked for, so that the command
pays only for what it uses.
"""

from __future__ import annotations

__version__ = "0.1.0"
