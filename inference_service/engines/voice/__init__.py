"""Speech from text: what an engine is (`engine`), and the engines behind it.

`kokoro` has fixed voices and runs in this process; engines that speak in the voice of a reference
need torch, and answer from a process of their own.
"""
