"""What containers are told: `FORTRESS_…`, and which of it comes from Secrets Manager."""

from collections.abc import Mapping

from infra.constructs.vault import Held, Vault
from infra.environments import Environment
from infra.ports import MYSQL, VALKEY
from infra.routes import load as load_routes
from infra.stacks.data import DataStack

Variables = dict[str, str]
Secrets = dict[str, Held]
# Apps that keep files, and the folder of the bucket that is theirs. One that begins to is found by
# a test.
FILES: Mapping[str, str] = {"reporting": "reporting"}
# Aurora's own certificate is no public one: the images that reach it carry Amazon's roots.
AUTHORITIES = "/app/ca/rds.pem"
# As the cluster is made with.
MASTER = "fortress_admin"


def of_every_app(environment: Environment, data: DataStack, app: str) -> Variables:
    """What web apps and ingest have in common."""
    user = data.database_users[app]
    return {
        "FORTRESS_DOMAIN": environment.domain,
        "FORTRESS_AWS_REGION": environment.region,
        # No password: the task signs in as itself.
        "FORTRESS_DATABASE_URL": _address(user, data.proxy_endpoint, data.database_name),
        "FORTRESS_DATABASE_IAM": "true",
        "FORTRESS_DATABASE_POOL": str(environment.services[app].pool),
        "FORTRESS_BUS_URL": f"rediss://{data.valkey_endpoint}:{VALKEY}/0",
        "FORTRESS_INTERNAL_PORT": str(load_routes().internal_port),
    }


def of_files(data: DataStack, app: str) -> Variables:
    """Where an app keeps its files."""
    return {"FORTRESS_STORAGE_URL": f"s3://{data.bucket.bucket_name}/{FILES[app]}"}


def of_mail(environment: Environment) -> Variables:
    """Administration sends mail, through SES of the same region."""
    return {
        "FORTRESS_MAIL_URL": f"ses://{environment.region}",
        "FORTRESS_MAIL_FROM": sender(environment),
    }


def sender(environment: Environment) -> str:
    """The address that mail comes from; SES has to have verified its domain."""
    return f"no-reply@{environment.domain}"


def secrets_of_every_app(vault: Vault) -> Secrets:
    return {"FORTRESS_SECRET": vault.app, "FORTRESS_BUS_PASSWORD": vault.bus_password}


def of_migrations(environment: Environment, data: DataStack) -> Variables:
    """The cluster's own endpoint: migrations lock, which RDS Proxy would pin a session for."""
    return {
        "FORTRESS_DOMAIN": environment.domain,
        "FORTRESS_AWS_REGION": environment.region,
        "FORTRESS_DATABASE_URL": _address(
            MASTER, data.cluster.cluster_endpoint.hostname, data.database_name
        ),
        "FORTRESS_DATABASE_CA": AUTHORITIES,
        # The apps' users sign in with tokens.
        "FORTRESS_DATABASE_USERS": "iam",
    }


def secrets_of_migrations(vault: Vault) -> Secrets:
    """With the one password of the database that there is: RDS made it and renews it."""
    return {"FORTRESS_SECRET": vault.app, "FORTRESS_DATABASE_PASSWORD": vault.master_password}


def of_command(environment: Environment, data: DataStack, user: str) -> Variables:
    """The fortress command signs in with a token too, as a user who may make organisations, keys
    and devices; at the cluster's own endpoint, which what runs once reaches.
    """
    host = data.cluster.cluster_endpoint.hostname
    return {
        "FORTRESS_DOMAIN": environment.domain,
        "FORTRESS_AWS_REGION": environment.region,
        "FORTRESS_DATABASE_URL": _address(user, host, data.database_name),
        "FORTRESS_DATABASE_IAM": "true",
        "FORTRESS_DATABASE_CA": AUTHORITIES,
    }


def secrets_of_command(vault: Vault) -> Secrets:
    return {"FORTRESS_SECRET": vault.app}


def _address(user: str, host: str, name: str) -> str:
    return f"mysql+aiomysql://{user}@{host}:{MYSQL}/{name}"
