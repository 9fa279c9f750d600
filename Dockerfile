# One image an app:  DOCKER_BUILDKIT=1 docker build --build-arg APP=api -t fortress/api:dev .
# (`make images` builds, measures and checks them all.) APP is api, reporting, administration,
# billing, loyalty, dashboarding, ingest, migrations or cli. There is no "# syntax" line on purpose: it
# would have to be pulled.
ARG BASE_IMAGE=python:3.13-slim-trixie
ARG APP=api

# What builds, and stays behind: uv by its hash, and strip.
FROM ${BASE_IMAGE} AS tools
RUN apt-get update -qq \
    && apt-get install -qq -y --no-install-recommends binutils >/dev/null \
    && rm -rf /var/lib/apt/lists/*
COPY scripts/uv.txt /build/uv.txt
RUN --mount=type=cache,target=/root/.cache \
    python3 -m venv /build/venv && /build/venv/bin/python -m pip install -q --require-hashes -r /build/uv.txt
COPY scripts/images/inside /build/inside
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONHASHSEED=0 UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never

# The app's lock alone, so that apps with equal locks share the next stage and its layer.
FROM scratch AS lock
ARG APP
COPY locks/${APP}.txt /lock.txt

FROM tools AS packages
COPY --from=lock /lock.txt /build/lock.txt
RUN --mount=type=cache,target=/root/.cache \
    /build/venv/bin/uv venv -q --python python3 /out/opt/venv \
    && /build/venv/bin/uv pip sync -q --python /out/opt/venv --require-hashes --no-build /build/lock.txt \
    && ln -s /out/opt/venv /opt/venv \
    && site=$(echo /opt/venv/lib/python3.*/site-packages) \
    && python3 /build/inside/prune.py $site \
    && python3 /build/inside/bytecode.py packages $site \
    && python3 /build/inside/settle.py /out

FROM packages AS code
ARG APP
COPY shared /app/shared
COPY migrations /app/migrations
COPY apps /all/apps
COPY infra/ca/rds.pem /all/rds.pem
WORKDIR /app
RUN mkdir -p /own /library apps \
    && cp /all/apps/__init__.py apps/ && { [ ! -d /all/apps/$APP ] || cp -r /all/apps/$APP apps/; } \
    && case $APP in migrations|cli) mkdir ca && cp /all/rds.pem ca/ ;; esac \
    && { [ $APP != cli ] || cp -r /all/apps/api /all/apps/fleet /all/apps/local apps/; } \
    && python3 /build/inside/bytecode.py own /app \
    && PYTHONPATH=/app /opt/venv/bin/python /build/inside/bytecode.py library /library shared.db.iam shared.bus.valkey \
       $(if [ -d apps/$APP ]; then echo apps.$APP.main; else echo $APP.run; fi) \
    && mv /app /own/app && python3 /build/inside/settle.py /own /library

# What all images stand on: the base without shells and installers.
FROM ${BASE_IMAGE} AS runtime
RUN --mount=type=bind,source=scripts/images/inside,target=/mnt ["python3", "-B", "/mnt/bare.py"]
ENV PATH=/opt/venv/bin:/usr/local/bin:/usr/bin \
    PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    FORTRESS_HOST=0.0.0.0 FORTRESS_INTERNAL_PORT=9090
# Writable where all else is not. Named as a volume so that its rights (1777) are also those of a
# volume that Fargate mounts here; give a tmpfs where there is one.
VOLUME /tmp
HEALTHCHECK --interval=5s --timeout=3s --start-period=10s --retries=3 CMD ["python", "-m", "shared.health"]

FROM runtime AS web
EXPOSE 8000 9090
FROM web AS api
CMD ["python", "-m", "apps.api.main"]
FROM web AS reporting
CMD ["python", "-m", "apps.reporting.main"]
FROM web AS administration
CMD ["python", "-m", "apps.administration.main"]
FROM web AS billing
CMD ["python", "-m", "apps.billing.main"]
FROM web AS loyalty
CMD ["python", "-m", "apps.loyalty.main"]
FROM web AS dashboarding
CMD ["python", "-m", "apps.dashboarding.main"]
FROM runtime AS ingest
EXPOSE 9000 9001 9090
CMD ["python", "-m", "apps.ingest.main"]
FROM runtime AS migrations
HEALTHCHECK NONE
CMD ["python", "-m", "migrations"]
# The fortress command and the simulated fleet.
FROM runtime AS cli
HEALTHCHECK NONE
CMD ["python", "-m", "apps.cli.main"]

FROM ${APP} AS image
COPY --from=packages /out/ /
COPY --from=code /library/ /
COPY --from=code /own/ /
WORKDIR /app
USER 10001:10001
ARG APP
ARG BASE_IMAGE
ARG VERSION=0
ARG REVISION=unknown
ARG CREATED=1980-01-01T00:00:00Z
LABEL org.opencontainers.image.title="fortress/${APP}" \
      org.opencontainers.image.description="Fortress, the backend of a company that runs connected devices: ${APP}" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}" \
      org.opencontainers.image.base.name="${BASE_IMAGE}"
