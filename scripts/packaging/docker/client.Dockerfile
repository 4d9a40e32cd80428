# syntax=docker/dockerfile:1
# docker build -f scripts/packaging/docker/client.Dockerfile --build-arg VERSION=3.2.0 -t portunus-client dist
# The runtime is unpacked while the image is built, so that the root can be read-only.
FROM debian:bookworm-slim
ARG VERSION=dev
ARG REVISION=unknown
ARG SOURCE=unknown
LABEL org.opencontainers.image.title="portunus-client" \
      org.opencontainers.image.description="Portunus client" \
      org.opencontainers.image.source="$SOURCE" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.version="$VERSION"
ENV PORTUNUS_RUNTIME_DIR=/usr/local/lib/portunus
COPY --chmod=0755 portunus-client /usr/local/bin/
RUN mkdir -p /usr/local/lib/portunus /etc/portunus \
 && /usr/local/bin/portunus-client --version \
 && chmod -R go+rX /usr/local/lib/portunus \
 && chown 65532:65532 /etc/portunus
USER 65532:65532
VOLUME /etc/portunus
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/local/bin/portunus-client"]
CMD ["--bundle", "/etc/portunus/client.bundle.json"]
