"""Recipes that make the small models shipped in assets/models."""
