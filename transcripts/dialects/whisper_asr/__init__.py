"""The API of whisper-asr-webservice: `POST /asr` and `POST /detect-language`, as Bazarr calls it.

Its clients send one request and wait for it, however long the recording is: the line is held for
`STT_ASR_WAIT_S`, and the same request sent again, after a restart too, joins the same job.
"""
