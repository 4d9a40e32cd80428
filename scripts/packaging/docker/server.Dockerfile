# syntax=docker/dockerfile:1
# docker build -f scripts/packaging/docker/server.Dockerfile --build-arg VERSION=3.2.0 -t portunus-server dist
# The runtime is unpacked while the image is built, so that the root can be read-only.
FROM debian:bookworm-slim
ARG VERSION=dev
ARG REVISION=unknown
ARG SOURCE=unknown
LABEL org.opencontainers.image.title="portunus-server" \
      org.opencontainers.image.description="Portunus control plane" \
      org.opencontainers.image.source="$SOURCE" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.version="$VERSION"
ENV PORTUNUS_RUNTIME_DIR=/usr/local/lib/portunus
COPY --chmod=0755 portunus-server /usr/local/bin/
RUN mkdir -p /usr/local/lib/portunus /var/lib/portunus /shared \
 && /usr/local/bin/portunus-server --version \
 && chmod -R go+rX /usr/local/lib/portunus \
 && chown 65532:65532 /var/lib/portunus /shared
USER 65532:65532
VOLUME /var/lib/portunus
EXPOSE 7443
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/local/bin/portunus-server"]
CMD ["--data-dir", "/var/lib/portunus", "serve"]
