# syntax=docker/dockerfile:1
# The images of the platform, a target each: auth, menu, reservation, operator, backup. `docker buildx bake` builds all of them.
ARG RUST_VERSION=1.95
ARG CARGO_CHEF_VERSION=0.1.78
# The Debian whose pgBackRest is taken: trixie's knows PostgreSQL 15, 16 and 17.
ARG DEBIAN_VERSION=trixie

FROM rust:${RUST_VERSION}-bookworm AS chef
ARG CARGO_CHEF_VERSION
WORKDIR /src
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    cargo install cargo-chef --version ${CARGO_CHEF_VERSION} --locked

# What the dependencies are: it changes with them, and not with our own code.
FROM chef AS recipe
COPY . .
RUN cargo chef prepare --recipe-path recipe.json

FROM chef AS build
# An image has no use for debug information; names of functions stay, for backtraces.
ENV CARGO_PROFILE_RELEASE_DEBUG=none \
    CARGO_PROFILE_RELEASE_STRIP=debuginfo
# TLS and SCRAM to Kafka are compiled in: a managed or a shared broker asks for them.
ARG FEATURES=auth/kafka-tls,menu/kafka-tls,reservation/kafka-tls,operator/kafka-tls
COPY --from=recipe /src/recipe.json .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    cargo chef cook --release --locked --recipe-path recipe.json \
      --package auth --package menu --package reservation --package operator --package backup --features ${FEATURES}
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    cargo build --release --locked \
      --package auth --package menu --package reservation --package operator --package backup --features ${FEATURES}

# What the end-to-end tests run inside of a cluster.
FROM build AS build-e2e
RUN --mount=type=cache,target=/usr/local/cargo/registry cargo build --release --locked --package e2e --bin traffic

# pgBackRest and our program around it, as a folder with all libraries, so that they run in whatever image a database has.
FROM debian:${DEBIAN_VERSION}-slim AS pgbackrest
RUN apt-get update && \
    apt-get install --yes --no-install-recommends binutils ca-certificates patchelf pgbackrest && \
    rm -rf /var/lib/apt/lists/*
COPY --from=build /src/target/release/backup /usr/local/bin/backup
COPY images/bundle.sh /
RUN sh /bundle.sh /opt/pgbackrest /usr/bin/pgbackrest /usr/local/bin/backup && \
    /opt/pgbackrest/bin/pgbackrest version && \
    /opt/pgbackrest/bin/backup --version

# glibc, OpenSSL, certificates and time zones; no shell, no package manager. The user is nonroot, 65532.
FROM gcr.io/distroless/cc-debian12:nonroot AS base
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.source="https://github.com/restaurant-booking/restaurant-booking" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.vendor="restaurant-booking" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
USER 65532:65532
# One arena of the allocator rather than one for each thread: under load, a service takes a fifth less of memory.
ENV MALLOC_ARENA_MAX=1

FROM base AS auth
LABEL org.opencontainers.image.title="auth" \
      org.opencontainers.image.description="Accounts, roles, logins and the tokens that the other services verify"
COPY --from=build /src/target/release/auth /usr/local/bin/auth
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --start-interval=1s CMD ["/usr/local/bin/auth", "health"]
ENTRYPOINT ["/usr/local/bin/auth"]
CMD ["serve"]

FROM base AS menu
LABEL org.opencontainers.image.title="menu" \
      org.opencontainers.image.description="The menu of a restaurant, served from memory"
COPY --from=build /src/target/release/menu /usr/local/bin/menu
EXPOSE 8001
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --start-interval=1s CMD ["/usr/local/bin/menu", "health"]
ENTRYPOINT ["/usr/local/bin/menu"]
CMD ["serve"]

FROM base AS reservation
LABEL org.opencontainers.image.title="reservation" \
      org.opencontainers.image.description="Tables and bookings of a restaurant"
COPY --from=build /src/target/release/reservation /usr/local/bin/reservation
EXPOSE 8002
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --start-interval=1s CMD ["/usr/local/bin/reservation", "health"]
ENTRYPOINT ["/usr/local/bin/reservation"]
CMD ["serve"]

FROM base AS operator
LABEL org.opencontainers.image.title="operator" \
      org.opencontainers.image.description="Turns RestaurantBooking resources into running platforms"
COPY --from=build /src/target/release/operator /usr/local/bin/operator
EXPOSE 8080
ENTRYPOINT ["/usr/local/bin/operator"]
CMD ["run"]

FROM base AS backup
LABEL org.opencontainers.image.title="backup" \
      org.opencontainers.image.description="Backups of the databases by pgBackRest, their restore and their verification"
COPY --from=pgbackrest /opt/pgbackrest /opt/pgbackrest
EXPOSE 8080
ENTRYPOINT ["/opt/pgbackrest/bin/backup"]

FROM base AS e2e
LABEL org.opencontainers.image.title="e2e" \
      org.opencontainers.image.description="Traffic for the end-to-end tests"
COPY --from=build-e2e /src/target/release/traffic /usr/local/bin/traffic
ENTRYPOINT ["/usr/local/bin/traffic"]
