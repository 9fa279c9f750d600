"""What an API key may be allowed to do: the one table of scopes."""

SCOPES: dict[str, str] = {
    "devices:read": "see devices, their profiles and their latest values",
    "devices:write": "create, change and delete devices and profiles, make tokens",
    "readings:read": "read readings, series, events and dead letters; the live stream; exports",
    "readings:write": "send readings and events, replay dead letters",
    "usage:read": "see meters and usage",
    "usage:write": "create and delete meters",
    "members:read": "see programmes, members, rules and points",
    "members:write": "create and change programmes, members and rules",
    "organisation:read": "see the organisation",
    "organisation:write": "change the organisation",
    "keys:read": "see API keys",
    "keys:write": "create and revoke API keys",
    "audit:read": "read the audit",
}
