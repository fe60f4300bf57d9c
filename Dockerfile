# Two images: `training` writes bundles and exits; `service` answers requests and has no TensorFlow.
#
#     docker build --target training -t boundary-training .
#     docker build --target service -t boundary-service .
#
# What each part left out saves: docs/decisions/0006-deployment.md.

ARG PYTHON_IMAGE=python:3.11-slim


# Packages go into an environment of their own, which is all that the images take from here. The base image's pip fills
# it, so it holds none, and compiles nothing: most modules are never imported.
FROM ${PYTHON_IMAGE} AS builder
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
RUN python -m venv --without-pip /venv
WORKDIR /app


FROM builder AS service-builder
COPY requirements/service.txt requirements/
RUN pip --python /venv/bin/python install --no-compile --require-hashes -r requirements/service.txt
# -f, because what a package ships differs by processor and Python version; tests/deploy watches the image's size.
RUN cd /venv/lib/python3*/site-packages \
    # LiteRT's driver for graphics cards, its plugins for the accelerators of phones, and its compiler for those:
    # the models run on the processor
    && rm -rf ai_edge_litert/libLiteRtWebGpuAccelerator.so ai_edge_litert/vendors ai_edge_litert/tools \
    # the packages' own tests, and what only compilers and type checkers read
    && find . -type d -name tests -prune -exec rm -rf {} + \
    && find . -type f -regex '.*\.\(pyi\|pyx\|pxd\|h\|c\|a\)' -delete \
    # NumPy's wrapper of Fortran code and the build system for that
    && rm -rf numpy/f2py numpy/distutils \
    # Matplotlib draws PNG here: neither fonts for PDF and PostScript nor example data
    && rm -rf matplotlib/mpl-data/fonts/afm matplotlib/mpl-data/fonts/pdfcorefonts matplotlib/mpl-data/sample_data \
    # fontTools writes fonts into PDF and PostScript; importing Matplotlib imports these few modules of it
    && find fontTools -type f ! -name __init__.py ! -name agl.py ! -name loggingTools.py ! -name textTools.py -delete \
    # Pillow's codec for AVIF and its own drawing of text; it does without them
    && rm -f PIL/_avif.*.so PIL/_imagingft.*.so pillow.libs/libavif-* pillow.libs/libfreetype-* pillow.libs/libharfbuzz-*
COPY gunicorn.conf.py ./
COPY service service
# What is imported here is compiled, and nothing else; files in a read-only container cannot be compiled later.
RUN MPLCONFIGDIR=/tmp /venv/bin/python -c "import service.app, service.engines.litert, service.rendering.boundary, \
       gunicorn.app.wsgiapp, gunicorn.workers.gthread, matplotlib.backends.backend_agg, PIL.PngImagePlugin"


FROM builder AS training-builder
COPY requirements/training.txt requirements/
RUN pip --python /venv/bin/python install --no-compile --require-hashes -r requirements/training.txt
RUN cd /venv/lib/python3*/site-packages \
    # what programs in C++ are compiled against, and the compiler's library that TensorFlow's own build uses
    && rm -rf tensorflow/include clang \
    && rm -rf ai_edge_litert/libLiteRtWebGpuAccelerator.so ai_edge_litert/vendors ai_edge_litert/tools \
    && find . -type d -name tests -prune -exec rm -rf {} +
COPY service/__init__.py service/
COPY service/bundle service/bundle
COPY training training
RUN /venv/bin/python -c "import training.cli, training.pipeline"


FROM ${PYTHON_IMAGE} AS runtime
ARG VERSION=0.1.0
LABEL org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.licenses="Apache-2.0"
ENV PATH=/venv/bin:${PATH} \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HOME=/tmp
WORKDIR /app
# A new volume mounted here takes over this owner.
RUN install -d -o 10001 -g 10001 models
# A number, so that an orchestrator can see that it is not root; no name is needed.
USER 10001:10001


FROM runtime AS training
LABEL org.opencontainers.image.title="boundary-training" \
      org.opencontainers.image.description="Trains classifiers and writes them as bundles that boundary-service serves"
COPY --from=training-builder /venv /venv
COPY --from=training-builder /app/service service
COPY --from=training-builder /app/training training
# A run that is killed leaves the models as they were, so it need not be waited for.
STOPSIGNAL SIGKILL
ENTRYPOINT ["python", "-m", "training"]
CMD ["train", "--if-missing"]


FROM runtime AS service
LABEL org.opencontainers.image.title="boundary-service" \
      org.opencontainers.image.description="Serves classifiers over HTTP: predictions, decision boundaries, comparisons"
# OpenBLAS would start a thread for every processor of the host in every worker, and nothing here multiplies matrices.
ENV HOST=0.0.0.0 \
    PORT=8000 \
    OPENBLAS_NUM_THREADS=1 \
    MPLCONFIGDIR=/tmp/matplotlib
COPY --from=service-builder /venv /venv
COPY --from=service-builder /app/service service
COPY --from=service-builder /app/gunicorn.conf.py ./
EXPOSE 8000
HEALTHCHECK --interval=5s --timeout=3s --start-period=30s --start-interval=1s --retries=3 CMD ["python", "-c", \
    "import os, urllib.request as r; r.urlopen(f\"http://127.0.0.1:{os.environ['PORT']}/health/ready\", timeout=2)"]
CMD ["gunicorn"]
