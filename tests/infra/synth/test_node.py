import subprocess

from infra.node import NODE


def test_constructs_run_on_a_node_that_they_support_whatever_the_machine_has() -> None:
    done = subprocess.run([NODE, "--version"], capture_output=True, text=True, check=True)
    assert int(done.stdout.removeprefix("v").split(".")[0]) in {22, 24}
