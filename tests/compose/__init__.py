"""The containers as docker-compose.yml starts them, for real: `make test-compose`."""
