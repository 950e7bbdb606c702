"""Speech in, words out, over gRPC. No Django, no media files, no state that outlives a call."""

VERSION = "0.1.0"
