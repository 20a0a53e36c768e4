# The function's image. Pin the base by digest where it has to be the same tomorrow:
#   docker build --build-arg BASE_IMAGE=public.ecr.aws/lambda/python:3.13@sha256:<digest> .
# A base that is not AWS's needs python3 (3.11 to 3.13) with pip, awslambdaric, and an entry point: layers/README.md.
ARG BASE_IMAGE=public.ecr.aws/lambda/python:3.13

FROM ${BASE_IMAGE} AS build
ENV PIP_NO_CACHE_DIR=1 PIP_NO_COMPILE=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /build
# Slowest-changing first: what did not change is taken from the last build, and is not uploaded again.
COPY layers/10-numeric.txt layers/
RUN python3 -m pip install --require-hashes --no-deps --target 10 --requirement layers/10-numeric.txt
COPY layers/20-keras.txt layers/
RUN python3 -m pip install --require-hashes --no-deps --target 20 --requirement layers/20-keras.txt
COPY layers/30-service.txt layers/
RUN python3 -m pip install --require-hashes --no-deps --target 30 --requirement layers/30-service.txt
COPY handler.py app/
COPY mammo_core app/mammo_core
# A package that several files pin (numpy, six) has one version in all of them; it is kept in the first only.
RUN python3 -c "from pathlib import Path; first = {}; [f.unlink() for layer in ('10', '20', '30') for f in sorted(Path(layer).rglob('*')) if f.is_file() and first.setdefault(f.relative_to(layer), layer) != layer]"
# Compiled once here, because the function's file system is read-only: importing TensorFlow takes a third of the time.
# unchecked-hash: neither the sources' dates nor their contents are looked at again. World-readable, because the
# function runs as a user of Lambda's choice.
RUN python3 -m compileall -q --invalidation-mode unchecked-hash 10 20 30 app \
    && chmod -R a+rX 10 20 30 app

FROM ${BASE_IMAGE}
# Set already in AWS's base. It comes first on the module path there, before the base's own, older boto3.
ENV LAMBDA_TASK_ROOT=/var/task
# Only /tmp can be written to.
ENV MPLCONFIGDIR=/tmp/matplotlib
WORKDIR ${LAMBDA_TASK_ROOT}
COPY --from=build /build/10/ ./
COPY --from=build /build/20/ ./
COPY --from=build /build/30/ ./
COPY --from=build /build/app/ ./
CMD ["handler.handler"]
