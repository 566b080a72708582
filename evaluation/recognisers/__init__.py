"""Machines that hear who speaks, what is said, and how it is felt: one file each, one registry line each."""
