"""Ports that are not in `routes.json`: what stands in front of apps, and what apps stand on."""

HTTP = 80
HTTPS = 443
SSH = 22
# Where the bastion's sshd listens; it is not root and could not listen on 22.
BASTION = 2222
# TLS of the line protocol ends at the load balancer: ingest speaks none itself yet.
TLS_LINES = 9443
MYSQL = 3306
VALKEY = 6379
