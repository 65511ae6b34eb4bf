# The service as an image: Node builds the pages, MkDocs the guide, uv installs the locked packages, and gunicorn serves
# by a user that owns nothing. It writes to /tmp and to the database alone. Commands in it: `docker run … python
# manage.py migrate`.

FROM node:22.21.1-bookworm-slim AS pages
WORKDIR /app/server/web
COPY server/web/package.json server/web/package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY server/web ./
COPY profiles/openapi.yaml /app/profiles/
COPY graphql_api/schema.graphql /app/graphql_api/
RUN npm run build

FROM python:3.11.14-slim-bookworm AS guide
WORKDIR /app
RUN pip install --no-cache-dir uv==0.13.9
COPY pyproject.toml uv.lock ./
RUN uv sync --frozen --no-cache --only-group guide
COPY server/guide server/guide
COPY server/docs server/docs
RUN NO_MKDOCS_2_WARNING=1 .venv/bin/mkdocs --quiet build --config-file server/guide/mkdocs.yml

FROM python:3.11.14-slim-bookworm AS service
WORKDIR /app
RUN pip install --no-cache-dir uv==0.13.9
COPY pyproject.toml uv.lock ./
RUN uv sync --frozen --no-dev --no-cache --compile-bytecode
COPY manage.py gunicorn.conf.py ./
COPY graphql_api graphql_api
COPY profiles profiles
COPY server server
COPY --from=pages /app/server/web/dist server/web/dist
COPY --from=guide /app/server/guide/dist server/guide/dist
# These keys are for this command alone, which reads the settings and uses none of them.
RUN SECRET_KEY=unused JWT_KEYS=unused=unused-unused-unused-unused-unused ALLOWED_HOSTS=unused \
    .venv/bin/python manage.py collectstatic --no-input

FROM python:3.11.14-slim-bookworm
WORKDIR /app
COPY --from=service /app ./
ENV PATH=/app/.venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HOST=0.0.0.0 PORT=8000
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/readyz', timeout=4)"]
CMD ["gunicorn"]
