# The inference service. BASE: an image with Python 3.11 or newer. GPU=true: with the CUDA libraries
# that `make run` installs on a machine with a GPU; the driver is the host's (NVIDIA's container
# toolkit brings it in).
ARG BASE=python:3.11-slim
FROM ${BASE}
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN command -v python3 >/dev/null || { apt-get update \
    && apt-get install -y --no-install-recommends python3 python3-venv \
    && rm -rf /var/lib/apt/lists/*; }
RUN python3 -m venv /venv
ENV PATH=/venv/bin:$PATH
WORKDIR /app
COPY requirements/inference.txt requirements/inference-gpu.txt requirements/
RUN pip install --no-cache-dir --require-hashes -r requirements/inference.txt
ARG GPU=
RUN [ -z "$GPU" ] || pip install --no-cache-dir --no-deps --require-hashes -r requirements/inference-gpu.txt
# What the container toolkit is to bring in; without effect where there is none.
ENV NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility
COPY protos protos
COPY inference_service inference_service
RUN useradd --system --uid 10001 stt && mkdir /models /run/torch \
    && chown stt /models /run/torch
USER stt
ENV STT_MODELS_DIR=/models
VOLUME /models
EXPOSE 50051
CMD ["python", "-m", "inference_service"]
