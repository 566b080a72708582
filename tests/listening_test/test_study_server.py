from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import urllib.request
from contextlib import closing
from pathlib import Path

import pytest

from listening_test.http import serve
from listening_test.store import Store
from tests.listening_test import taking

ROOT = Path(__file__).resolve().parents[2]
HEAVY = ("gradio", "torch", "torchaudio", "scipy", "librosa", "soundfile", "pandas", "plotly", "onnxruntime", "av")


def test_the_routes_alone_load_nothing_heavy():
    script = (
        "import sys, json, listening_test.http.serve, listening_test.http.app; "
        f"print(json.dumps(sorted(set(sys.modules) & {set(HEAVY)!r})))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []


def test_they_stay_light_while_somebody_takes_the_study(tmp_path):
    (tmp_path / "study.db").write_bytes(taking.database())
    script = f"""
import json, sys
from fastapi.testclient import TestClient
from listening_test.http.app import create
with TestClient(create("sqlite:///{tmp_path / "study.db"}")) as client:
    link = client.app.state.store.studies()[0].link
    token = client.post(f"/study/{{link}}/enrol", json={taking.enrolment()!r}).json()["token"]
    assert client.get(f"/take/{{token}}").status_code == 200
    page = client.get(f"/take/{{token}}/page").json()
    answers = {{"hearing": "normal", "fluency": "first"}}
    message = {{"page": page["page"], "answers": answers, "heard": [], "response_time_s": 1.0}}
    page = client.post(f"/take/{{token}}/answer", json=message).json()["next"]
    assert client.get(f"/take/{{token}}/{{page['sounds'][0]['url']}}").status_code == 200
print(json.dumps(sorted(set(sys.modules) & {set(HEAVY)!r})))
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == []


def test_settings_of_the_server_keep_addresses_out_of_logs(tmp_path, monkeypatch):
    given = {}
    monkeypatch.setattr("uvicorn.run", lambda app, **options: given.update(options, app=app))
    monkeypatch.setenv("DATABASE_URL", "")
    serve.serve(f"sqlite:///{tmp_path / 'study.db'}", "127.0.0.1", 8123, 3)
    assert (given["access_log"], given["server_header"], given["workers"], given["port"]) == (False, False, 3, 8123)
    with Store.open(f"sqlite:///{tmp_path / 'study.db'}") as store:
        assert store.studies() == []


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.mark.slow
def test_two_processes_serve_one_study_and_log_nobody(tmp_path):
    """A listener goes on whichever process answers; neither link nor id is in what the server writes."""
    url, port = f"sqlite:///{tmp_path / 'study.db'}", free_port()
    (tmp_path / "study.db").write_bytes(taking.database())
    with Store.open(url) as store:
        link = store.studies()[0].link
    command = f"from listening_test.http.serve import serve; serve({url!r}, '127.0.0.1', {port}, 2)"
    with (tmp_path / "log").open("w") as log:
        server = subprocess.Popen([sys.executable, "-c", command], cwd=ROOT, stdout=log, stderr=log)
        try:
            base = f"http://127.0.0.1:{port}"
            assert comes_up(base), (tmp_path / "log").read_text()
            enrolment = taking.enrolment(platform="prolific", platform_id="secret-id-of-somebody")
            token = post(f"{base}/study/{link}/enrol", enrolment)["token"]
            pages = {get(f"{base}/take/{token}/page")["page"] for _ in range(20)}
            assert len(pages) == 1
        finally:
            server.terminate()
            assert server.wait(timeout=30) is not None
    written = (tmp_path / "log").read_text()
    assert [secret for secret in (token, link, "secret-id-of-somebody", "127.0.0.1:") if secret in written] == []


def comes_up(base):
    pause = threading.Event()
    for _ in range(600):
        try:
            return get(f"{base}/healthz")["status"] == "ok"
        except OSError:
            pause.wait(0.1)
    return False


def get(url):
    with urllib.request.urlopen(url, timeout=10) as reply:
        return json.load(reply)


def post(url, message):
    request = urllib.request.Request(url, json.dumps(message).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as reply:
        return json.load(reply)
