"""Webhooks about transcripts, by the Standard Webhooks specification.

events     the events, and their bodies
outbox     writes deliveries, in the transaction of their event
callbacks  one message about one transcript, to whom its request named
endpoints  what owners do with their endpoints: make, change, rotate, test, replay
signing    secrets and signatures
addresses  which addresses of the network may be called
sender     one HTTP request, bounded in every way
delivery   claims what is due, and records how it went
pump       does both, over many endpoints at once
"""
