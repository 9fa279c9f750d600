"""Mail: written with what causes it, sent by a worker, at least once."""

from shared.mail.base import Letter, Mailer
from shared.mail.connect import connect_mailer
from shared.mail.queue import Post
from shared.mail.settings import MailSettings

__all__ = ["Letter", "MailSettings", "Mailer", "Post", "connect_mailer"]
