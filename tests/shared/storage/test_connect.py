import subprocess
import sys
from pathlib import Path

import pytest

from shared.errors import ConfigurationError, Unavailable
from shared.settings import Settings
from shared.storage import connect_storage
from shared.storage.folder import FolderStorage
from shared.storage.s3 import S3Storage
from tests.support import servers


def test_the_setting_chooses_the_storage(tmp_path: Path) -> None:
    folder = connect_storage(Settings(storage_url=f"file://{tmp_path}"))
    bucket = connect_storage(Settings(storage_url="s3://bucket/a/prefix/"))
    assert isinstance(folder, FolderStorage)
    assert isinstance(bucket, S3Storage)
    assert bucket._name("key") == "a/prefix/key"


def test_without_a_prefix_keys_are_as_they_are() -> None:
    bucket = connect_storage(Settings(storage_url="s3://bucket"))
    assert isinstance(bucket, S3Storage)
    assert bucket._name("key") == "key"


@pytest.mark.parametrize("url", ["file://", "s3://", "s3:///prefix"])
def test_a_url_without_its_main_part_names_the_setting(url: str) -> None:
    with pytest.raises(ConfigurationError, match="FORTRESS_STORAGE_URL"):
        connect_storage(Settings(storage_url=url))


def test_a_folder_needs_no_boto3(tmp_path: Path) -> None:
    code = (
        "import sys; from shared.settings import Settings; from shared.storage import "
        f"connect_storage; connect_storage(Settings(storage_url='file://{tmp_path}')); "
        "sys.exit('boto3' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


async def test_storage_out_of_reach_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    endpoint = f"http://127.0.0.1:{servers.free_port()}"
    storage = S3Storage("files", region="us-east-1", endpoint=endpoint)
    with pytest.raises(Unavailable):
        await storage.get("a")
    await storage.close()
