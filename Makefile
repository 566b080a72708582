# Shortcuts for the commands in README.md and CONTRIBUTING.md.
PYTHON ?= python3

.PHONY: run test lint bench
run: .venv/run
	.venv/bin/python app.py

test: .venv/dev
	.venv/bin/python -m pytest

lint: .venv/dev
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	rm -f web/components/*.pyi  # Gradio's, and perhaps half written
	.venv/bin/mypy

bench: .venv/dev
	.venv/bin/python -m benchmarks.mcadams
	.venv/bin/python -m benchmarks.systems
	.venv/bin/python -m benchmarks.page
	.venv/bin/python -m benchmarks.crowd
	.venv/bin/python -m benchmarks.study_first_page
	.venv/bin/python -m benchmarks.study_load
	.venv/bin/python -m benchmarks.study_kill
	.venv/bin/python -m benchmarks.study_blinding
	.venv/bin/python -m benchmarks.results_page
	.venv/bin/python -m benchmarks.analysis_speed
	.venv/bin/python -m benchmarks.analysis_coverage
	.venv/bin/python -m benchmarks.million_trials
	.venv/bin/python -m benchmarks.speaker_encoder
	.venv/bin/python -m benchmarks.house
	.venv/bin/python -m benchmarks.knn_vc
	.venv/bin/python -m benchmarks.neural
	.venv/bin/python -m benchmarks.pitch
	.venv/bin/python -m benchmarks.evaluation_batch

.venv/run: requirements.txt
	$(PYTHON) -m venv .venv && .venv/bin/pip install -r requirements.txt && touch $@

.venv/dev: requirements.txt requirements-dev.txt
	$(PYTHON) -m venv .venv && .venv/bin/pip install -r requirements-dev.txt && touch $@
