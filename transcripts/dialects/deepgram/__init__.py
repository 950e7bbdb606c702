"""Deepgram's API: `POST /v1/listen` for recordings; `live*` is `WS /v1/listen`.

As the published types of its clients have it (deepgram-sdk 7.17 and 4.8 for Python, 5.13 for
Node.js), and LiveKit's plugin, which reads answers without a guard.
"""
