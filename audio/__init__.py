"""Clips and what can be measured on one clip."""
