"""The figures of a study as plain dictionaries; plots.py makes plotly figures of them."""
