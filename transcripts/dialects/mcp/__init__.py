"""`/mcp`: transcripts for language models, by the Model Context Protocol (Streamable HTTP).

    layer       the address: Host, Origin, the key, and a session for one message
    server      the tools and resources, and what a client is told about them
    reading     tools that only read
    making      tools that make something: a transcript, a summary, an answer
    shapes      what tools answer, as types; their JSON schemas are published
    rest        requests to our own REST surface, within the process

A tool is requests to the REST surface, made within the process with the caller's own key: what a
key may do, rate limits, charges, idempotency and errors are those of REST, and there is no second
way to anything. The protocol itself is the official SDK's, older versions (≤ 2025-11-25) as well as
2026-07-28. Nothing is kept between messages.
"""
