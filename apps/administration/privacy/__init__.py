"""Personal data: a person takes theirs away, or has it erased (GDPR, articles 15, 17 and 20)."""
