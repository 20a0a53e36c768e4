# Three images from one file:
#   full   the Lambda function, with TensorFlow: serves compiled models and any .keras file (what template.yaml deploys)
#   slim   the Lambda function for compiled models (.mammo) only, a third of the size
#   space  the same service as a web server on port 7860, for any container host; the last, so that it is what
#          `docker build .` and a Hugging Face Docker Space make
# Pin the base by digest where it has to be the same tomorrow:
#   docker build --target full --build-arg BASE_IMAGE=public.ecr.aws/lambda/python:3.13@sha256:<digest> .
# Any base with python3 (3.11 to 3.13) and pip will do: layers/README.md.
ARG BASE_IMAGE=public.ecr.aws/lambda/python:3.13

FROM ${BASE_IMAGE} AS install
ENV PIP_NO_CACHE_DIR=1 PIP_NO_COMPILE=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /build
# Slowest-changing first: what did not change is taken from the last build, and is not uploaded again.
COPY layers/10-numeric.txt layers/
RUN python3 -m pip install --require-hashes --no-deps --target 10 --requirement layers/10-numeric.txt
COPY layers/20-keras.txt layers/
# TensorFlow's C++ headers are a fifth of it, and nothing is compiled here.
RUN python3 -m pip install --require-hashes --no-deps --target 20 --requirement layers/20-keras.txt \
    && rm -rf 20/tensorflow/include
COPY layers/30-service.txt layers/
RUN python3 -m pip install --require-hashes --no-deps --target 30 --requirement layers/30-service.txt
COPY layers/unique.py layers/
# 20 comes last: slim does without it, and must find everything else in 10 and 30. Compiled once here, because the
# function's file system is read-only: importing TensorFlow takes a third of the time. unchecked-hash: neither the
# sources' dates nor their contents are looked at again. World-readable, because the user is of Lambda's choice.
RUN python3 layers/unique.py 10 30 20 \
    && python3 -m compileall -q --invalidation-mode unchecked-hash 10 20 30 \
    && chmod -R a+rX 10 20 30

FROM install AS application
COPY handler.py app/
COPY mammo_core app/mammo_core
RUN python3 -m compileall -q --invalidation-mode unchecked-hash app && chmod -R a+rX app

FROM ${BASE_IMAGE} AS base
# Packages lie in the task root, which comes first on the module path: AWS's base has an older boto3 of its own.
ENV LAMBDA_TASK_ROOT=/var/task
# Only /tmp can be written to.
ENV HOME=/tmp MPLCONFIGDIR=/tmp/matplotlib
WORKDIR ${LAMBDA_TASK_ROOT}
COPY --from=install /build/10/ ./

FROM base AS slim
COPY --from=install /build/30/ ./
COPY --from=application /build/app/ ./
# Our own, locked runtime client on every base: what the tests run is what is deployed.
ENTRYPOINT ["python3", "-m", "awslambdaric"]
CMD ["handler.handler"]

FROM base AS everything
COPY --from=install /build/20/ ./
COPY --from=install /build/30/ ./
COPY --from=application /build/app/ ./

FROM everything AS full
ENTRYPOINT ["python3", "-m", "awslambdaric"]
CMD ["handler.handler"]

FROM everything AS space
ENV PORT=7860
# A Space shows its application in a frame of its own page.
ENV FRAME_ANCESTORS=https://huggingface.co
EXPOSE 7860
# Not root, and a number, so that hosts which forbid root can tell.
USER 1000:1000
ENTRYPOINT ["python3", "-m", "mammo_core"]
CMD ["serve"]
