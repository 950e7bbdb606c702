# The process of the torch engines: 8 GB, for torch comes with CUDA's libraries. F5=true adds F5-TTS,
# whose weights are non-commercial.
ARG BASE=python:3.11-slim
FROM ${BASE}
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /app
COPY requirements/inference-torch.txt requirements/inference-torch-f5.txt requirements/
ARG F5=
RUN if [ "$F5" = true ]; then with=-f5; fi \
    && pip install --no-cache-dir --require-hashes -r "requirements/inference-torch${with:-}.txt"
COPY protos protos
COPY inference_service inference_service
# The same user as the inference service's: the socket is its own.
RUN useradd --system --uid 10001 stt && mkdir /models /run/torch && chown stt /models /run/torch
USER stt
ENV STT_MODELS_DIR=/models STT_TORCH_SOCKET=/run/torch/torch.sock
CMD ["python", "-m", "inference_service.torch_engines"]
