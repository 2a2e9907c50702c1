# A small image with iam-audit alone, for pipelines that run in containers:
#   docker build -t iam-audit .
#   docker run --rm --user "$(id -u):$(id -g)" -v "$PWD:/data:ro" iam-audit scan --snapshot today.json.gz --terraform-plan plan.json
# Only its owner may read a snapshot, so that the container has to run as that user.

FROM python:3.13-slim AS builder
WORKDIR /source
COPY . .
RUN python -m venv /opt/iam-audit && /opt/iam-audit/bin/pip install --no-cache-dir .

FROM python:3.13-slim
COPY --from=builder /opt/iam-audit /opt/iam-audit
ENV PATH="/opt/iam-audit/bin:$PATH"
USER 10001:10001
WORKDIR /data
ENTRYPOINT ["iam-audit"]
CMD ["--help"]
