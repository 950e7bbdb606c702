"""OpenAI's audio API: `POST /v1/audio/transcriptions` and `/translations`, `/v1/models/:id`.

As the published types of its clients have it (openai 3.57 and 2.54 for Python, 7.55 for Node.js).
"""
