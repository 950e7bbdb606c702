"""Language models: what generates text, in processes of its own or on a server that is named."""
