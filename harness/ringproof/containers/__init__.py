"""What lives in the Docker engine for a run: networks, lease, labels, and the sweep of what dead runs left."""
