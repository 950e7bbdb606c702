# The web tier: the ASGI server, the Celery workers and beat run from this one image.
FROM python:3.11-slim
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /app
COPY requirements/web.txt requirements/
RUN pip install --no-cache-dir --require-hashes -r requirements/web.txt
COPY manage.py ./
COPY protos protos
COPY stt_web stt_web
COPY accounts accounts
COPY billing billing
COPY transcripts transcripts
COPY samples samples
RUN useradd --system --uid 10001 stt && mkdir /data && chown stt /data
USER stt
ENV STT_DATA_DIR=/data
VOLUME /data
EXPOSE 8000
