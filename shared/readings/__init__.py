"""The durable write path that every way in shares: TCP lines, HTTP, replayed dead letters.

`parse` and `check` turn a message's bytes into a row or a reason why not, `plan` decides what a
batch writes, both without I/O; `store` writes a batch in one transaction; `submit` is the door
for HTTP.
"""
