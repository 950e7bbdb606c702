"""The API of webhook endpoints and deliveries."""
