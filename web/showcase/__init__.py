"""The showcase: a gallery of voices heard through every system, on a page of the app or in a folder of its own.

No Gradio here: `python -m web.showcase export` runs without it.
"""
