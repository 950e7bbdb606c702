"""Speech in, words out, over gRPC. No Django, no media files, no state that outlives a call."""

import os

VERSION = "0.1.0"

# Before anything imports them: libraries that report their use to their makers. onnxruntime from
# 1.32 keeps a record of models and devices below ~/.cache, and sends it to Microsoft.
os.environ.update({"ORT_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_TELEMETRY": "1"})
