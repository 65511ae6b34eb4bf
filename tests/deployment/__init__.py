"""The deployment, checked by real tools: the image, compose.yaml, the proxy and the systemd units."""
