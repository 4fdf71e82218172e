# syntax=docker/dockerfile:1
FROM python:3.13-slim AS build
WORKDIR /build
RUN python -m venv /opt/xinxin
COPY requirements.lock ./
RUN /opt/xinxin/bin/pip install --no-cache-dir --require-hashes -r requirements.lock

FROM python:3.13-slim
# A number, so that an orchestrator can prove that this is not root.
RUN groupadd --gid 10001 xinxin && useradd --uid 10001 --gid 10001 --no-create-home xinxin \
    && mkdir -p /srv/xinxin/var && chown 10001:10001 /srv/xinxin/var
COPY --from=build /opt/xinxin /opt/xinxin
WORKDIR /srv/xinxin
COPY app ./app
COPY migrations ./migrations
ENV PATH=/opt/xinxin/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=/srv/xinxin
USER 10001:10001
VOLUME /srv/xinxin/var
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=15s CMD \
    ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/readyz', timeout=2)"]
CMD ["python", "-m", "app", "serve", "--host", "0.0.0.0", "--port", "8000"]
