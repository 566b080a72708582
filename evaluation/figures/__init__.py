"""Figures of evaluation runs, as dictionaries that plotly takes; see plots.py."""
