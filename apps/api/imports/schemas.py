"""Bodies about imports."""

from typing import Annotated

from pydantic import Field

from shared.web.schemas import Model


class ImportQuery(Model):
    dry_run: Annotated[bool, Field(description="check everything and write nothing")] = False


class RowError(Model):
    """Why a row was left out."""

    line: Annotated[
        int,
        Field(description="line of the file, the header is 1; in JSON the place, from 1"),
    ]
    uid: str | None = None
    code: Annotated[str, Field(examples=["uid_taken"])]
    detail: Annotated[str, Field(examples=["the device dev_01JD… has this uid"])]


class ImportedDevice(Model):
    line: int
    uid: Annotated[str, Field(examples=["pump-7"])]
    id: Annotated[str | None, Field(description="null in a dry run")]
    token: Annotated[
        str | None,
        Field(description="its secret, shown this once; null in a dry run and for a tracker"),
    ]


class ImportOut(Model):
    dry_run: bool
    rows: Annotated[int, Field(description="rows of the file that are not empty")]
    created: Annotated[int, Field(description="devices made; in a dry run: that would be")]
    errors: list[RowError]
    ignored_columns: list[str]
    devices: list[ImportedDevice]
