# syntax=docker/dockerfile:1
# VoiceVeil in one container: docker build -t voiceveil .                       (PyTorch without CUDA)
#                             docker build -t voiceveil --build-arg DEVICE=gpu .  (PyTorch with CUDA)
FROM python:3.13-slim

ARG DEVICE=cpu
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]

RUN useradd --create-home --uid 1000 user \
    && install --directory --owner=user --group=user /data

# The packages change seldom, the code often: so the packages come first and keep their layer.
WORKDIR /home/user/app
COPY requirements.txt requirements-postgres.txt ./
RUN case "$DEVICE" in \
        cpu) index=(--extra-index-url https://download.pytorch.org/whl/cpu) ;; \
        gpu) index=() ;; \
        *) echo "DEVICE is cpu or gpu, but $DEVICE came: build again with --build-arg DEVICE=cpu or gpu." >&2; exit 1 ;; \
    esac \
    && pip install --no-cache-dir --root-user-action=ignore --only-binary :all: "${index[@]}" -r requirements-postgres.txt \
    && python -c "import torchaudio"

COPY . .
RUN python -m compileall -q .

# Code and packages belong to root: the app writes to /data (kept) and /tmp (not kept), and nowhere else.
USER 1000:1000
ENV HOST=0.0.0.0 \
    PORT=7860 \
    VOICEVEIL_DATA=/data \
    VOICEVEIL_MODELS=/data/models \
    NUMBA_CACHE_DIR=/tmp/numba \
    PYTHONUNBUFFERED=1
VOLUME /data
EXPOSE 7860

HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen('http://127.0.0.1:' + os.environ['PORT'] + '/healthz', timeout=4)"]

CMD ["python", "app.py"]
