"""What machine attackers find out from anonymized speech: who spoke, with what feeling, and of which sex."""

from evaluation.privacy.assembled import tables

__all__ = ["tables"]
