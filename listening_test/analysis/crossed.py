"""Means and sums over answers that share listeners and speakers: both are random draws, and both are few."""

from __future__ import annotations
