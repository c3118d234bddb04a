"""What a run has in the Docker engine: networks, lease, labels, and the sweep of what dead runs left."""
