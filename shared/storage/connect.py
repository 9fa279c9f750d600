"""The storage that a setting names."""

from pathlib import Path

from shared.errors import ConfigurationError
from shared.settings import Settings
from shared.storage.base import Storage
from shared.storage.folder import FolderStorage


def connect_storage(settings: Settings) -> Storage:
    """The storage for `settings.storage_url`: file://folder or s3://bucket/prefix.

    Nothing is connected to yet. Raises `ConfigurationError` where the URL lacks its main part.
    """
    kind, _, rest = settings.storage_url.partition("://")
    if kind == "file":
        if not rest:
            raise ConfigurationError("FORTRESS_STORAGE_URL: file:// names no folder")
        return FolderStorage(Path(rest))
    try:
        # Only where it is used: most apps neither need boto3 nor have it installed.
        from shared.storage.s3 import S3Storage  # noqa: PLC0415 - as said above
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"FORTRESS_STORAGE_URL: s3:// needs the package {error.name}, which reporting has"
        ) from None
    bucket, _, prefix = rest.partition("/")
    if not bucket:
        raise ConfigurationError("FORTRESS_STORAGE_URL: s3:// names no bucket")
    return S3Storage(bucket, prefix, region=settings.aws_region)
