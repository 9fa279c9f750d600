"""How the events of the live stream are documented. They are made in `rules`."""

EXAMPLE = """\
event: snapshot
id: 1763740790000
data: {"devices":[{"device":"dev_01JD3V3Q8X0000000000000000","uid":"pump-7","online":true,\
"last_seen":1763740799500,"boot":12,"s":4711,"latest":{"temp":[21.5,1763740799500]}}],\
"full":true,"last":true}

event: readings
id: 1763740790000
data: {"r":[["dev_01JD3V3Q8X0000000000000000",1763740800000,12,4712,{"temp":21.6}]],"e":[]}

"""

DESCRIPTION = """\
Server-Sent Events of what is committed in the organisation, from now on.

- `snapshot` comes first, in parts: how the devices are, with the latest value and its time of \
each metric. `last` marks the final part. `full` is false for a reader that came again with \
`Last-Event-ID`: then only the devices that changed since are in it (and those that changed in \
the seconds before), and what the reader shows of the others still holds.
- `readings`: what one batch committed, readings in `r` as `[device, t, boot, s, {metric: \
value}]`, events in `e` as `[device, t, boot, s, name, {data}]`.
- `changes`: devices that came or went, and latest values that no `readings` brought.
- `end`: the stream ends, `reason` being `draining`, `key` (revoked, expired or without the \
scope), `sign_in` (signed out, or no longer allowed), `limits` (the reader sees other devices \
now), `slow` (too much waited for this reader) or `failed`. Come again after `retry`.

A comment comes when nothing else did for a while. Times are epoch milliseconds. Nothing is lost \
by coming again with the id of the last event; some of it may be sent twice.
"""
