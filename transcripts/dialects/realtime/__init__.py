"""OpenAI's Realtime API, its transcription sessions: `WS /v1/realtime?intent=transcription`,
`POST /v1/realtime/client_secrets`.

As the published types of its clients have it (openai 3.57 for Python, 7.55 for Node.js), and
LiveKit's plugin, which reads events without a guard. Sessions that answer aren't served.
"""
