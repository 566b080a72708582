"""The participants' side over HTTP: plain FastAPI routes, pages and an ES module; no gradio, no torch."""
