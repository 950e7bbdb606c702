"""AssemblyAI's API for recordings, `/v2/`: upload, transcript, and what is read of one.

As the published types of its clients have it (assemblyai 1.8 for Python, 4.41 for Node.js). A
request is a row of its own (`uploads.models.AssemblyTranscript`): two requests for the same
recording may join one transcript, and want different things of it.
"""
