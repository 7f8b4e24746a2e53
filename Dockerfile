# The admission webhook in an image without a shell: `docker build -t meshwarden .`
# Both images are pinned by digest; the tags say which release that was. A newer Node is set here and in package.json.

FROM node:26.10.0-trixie-slim@sha256:ec7758ee051e457b468b32bde57b0879010b325bb9862718e9615225ce4aaae1 AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN npm ci --no-audit --no-fund
COPY tsconfig.json ./
COPY scripts/build.ts scripts/
COPY src src
COPY policies policies
RUN npm run build

FROM gcr.io/distroless/nodejs26-debian13:nonroot@sha256:afc6657a4b662f9cb69ca892b0596e55d6ef81a10e83ee8887b13f602877df89
LABEL org.opencontainers.image.title="meshwarden" \
      org.opencontainers.image.description="An HTTPS admission webhook that keeps an Istio mesh on its documented baseline." \
      org.opencontainers.image.licenses="Apache-2.0"
# Owned by root and writable by nobody: the program writes no file, so a read-only root file system is enough.
COPY LICENSE /app/
COPY --from=build /src/dist/meshwarden.mjs /src/dist/meshwarden.mjs.LEGAL.txt /src/dist/THIRD-PARTY-LICENSES.txt /app/
COPY --from=build /src/dist/policies /app/policies
# Two arenas: the C library would else keep memory for each of Node's threads, some 40 MiB.
ENV NODE_ENV=production MALLOC_ARENA_MAX=2
USER 65532:65532
EXPOSE 9443 8081 8080
# No prototype can be reached through a key that a user sends. Half of the pod's memory is for the heap: beside it stand up to
# 48 MiB for what a review makes and drops again, and some 60 MiB of Node's own.
ENTRYPOINT ["/nodejs/bin/node", "--disable-proto=delete", "--max-old-space-size-percentage=50", "--max-semi-space-size=16", "/app/meshwarden.mjs"]
CMD ["serve"]
