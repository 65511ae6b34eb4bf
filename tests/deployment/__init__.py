"""How the service is deployed: the image, compose.yaml, the proxy and the unit of systemd, checked by real tools."""
