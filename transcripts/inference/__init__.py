"""The web tier's side of the wire to the inference service: the only gRPC code it has."""
