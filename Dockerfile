# Two images: `training` writes bundles and exits; `service` answers requests and has no TensorFlow.
#
#     docker build --target training -t boundary-training .
#     docker build --target service -t boundary-service .
#
# Both are built alike for linux/amd64 and linux/arm64: docs/release.md has the command.
#
# What each part left out saves: docs/decisions/0006-deployment.md.

# A release pins it by digest, --build-arg PYTHON_IMAGE=python:3.11-slim@sha256:…, read from the registry on that day:
#     docker buildx imagetools inspect python:3.11-slim --format '{{.Manifest.Digest}}'
ARG PYTHON_IMAGE=python:3.11-slim


# Packages go into an environment of their own, which is all that the images take from here. The base image's pip fills
# it, so it holds none, and compiles nothing: most modules are never imported.
FROM ${PYTHON_IMAGE} AS builder
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
# For strip: wheels carry symbols that only a debugger reads.
RUN apt-get -qq update \
    && apt-get -qq install -y --no-install-recommends binutils > /dev/null \
    && rm -rf /var/lib/apt/lists/*
RUN python -m venv --without-pip /venv
WORKDIR /app


FROM builder AS service-builder
# Chinese, Japanese and Korean in pictures, for 3.5 MB: the smaller of the package's two fonts is the one with Korean.
RUN apt-get -qq update \
    && apt-get -qq install -y --no-install-recommends fonts-droid-fallback > /dev/null \
    && rm -rf /var/lib/apt/lists/*
COPY requirements/service.txt requirements/
RUN pip --python /venv/bin/python install --no-compile --require-hashes --no-deps -r requirements/service.txt
# -f, because what a package ships differs by processor and Python version; tests/deploy watches the image's size.
RUN cd /venv/lib/python3*/site-packages \
    # LiteRT's driver for graphics cards, its plugins for the accelerators of phones, its compiler for those and the
    # runtime that they share: the models run on the processor, by the interpreter
    && rm -rf ai_edge_litert/libLiteRt*.so ai_edge_litert/vendors ai_edge_litert/tools \
    # what LiteRT has or asks for and its interpreter never imports: other kinds of numbers, its own messages, a
    # bar of progress; and time zones, which the base image has
    && rm -rf ml_dtypes tqdm tzdata ai_edge_litert/*_pb2.py ai_edge_litert/schema_py_generated.py \
    # what of protocol buffers only a compiler, tests and slower implementations need
    && rm -rf google/protobuf/compiler google/protobuf/testdata google/protobuf/util \
    # the packages' own tests, and what only compilers and type checkers read
    && find . -type d -name tests -prune -exec rm -rf {} + \
    && find . -type f -regex '.*\.\(pyi\|pyx\|pxd\|h\|c\|cpp\|a\)' -delete \
    # NumPy's wrapper of Fortran code and the build system for that, what its tests look at vector units with, and
    # what is imported when it is asked for: nothing here is random, a spectrum, a polynomial or a test
    && rm -rf numpy/f2py numpy/distutils numpy/_core/_simd.*.so numpy/_core/_*_tests.*.so numpy/random numpy/fft \
       numpy/polynomial numpy/testing \
    # what an installer would remove
    && rm -f ./*.dist-info/RECORD \
    # Matplotlib draws PNG here, in DejaVu Sans, and nothing bold: no fonts for PDF and PostScript, for formulas or other
    # kinds of text, no windows with their icons, no other formats or kinds of axes, no example data, nothing to find triangles with
    && rm -rf matplotlib/mpl-data/fonts/afm matplotlib/mpl-data/fonts/pdfcorefonts matplotlib/mpl-data/sample_data \
       matplotlib/mpl-data/images matplotlib/backends/_tkagg.*.so matplotlib/backends/web_backend matplotlib/_qhull.*.so \
    && find matplotlib/mpl-data/fonts/ttf -name '*.ttf' ! -name DejaVuSans.ttf ! -name 'LastResort*' -delete \
    && rm -rf matplotlib/backends/qt_editor matplotlib/sphinxext matplotlib/testing \
       mpl_toolkits/axes_grid1 mpl_toolkits/axisartist \
    && find matplotlib/backends -name 'backend_*.py' ! -name backend_agg.py -delete \
    # the page for the API's document has the one script that holds all of it
    && rm -f flask_swagger_ui/dist/swagger-ui.js flask_swagger_ui/dist/swagger-ui-standalone-preset.js \
    # fontTools writes fonts into PDF and PostScript; importing Matplotlib imports these few modules of it
    && find fontTools -type f ! -name __init__.py ! -name agl.py ! -name loggingTools.py ! -name textTools.py -delete \
    # Pillow's codecs for AVIF and WebP, its colour management and its own drawing of text; it does without them
    && rm -f PIL/_avif.*.so PIL/_webp.*.so PIL/_imagingcms.*.so PIL/_imagingft.*.so pillow.libs/libavif-* \
       pillow.libs/libwebp* pillow.libs/libsharpyuv-* pillow.libs/liblcms2-* pillow.libs/libfreetype-* \
       pillow.libs/libharfbuzz-* \
    # but for the libraries that a wheel's packer has rewritten (*.libs): strip breaks those
    && find . -path './*.libs' -prune -o -type f -name '*.so*' -exec strip --strip-unneeded {} +
COPY gunicorn.conf.py ./
COPY bundle bundle
COPY verdicts verdicts
COPY service service
# What is imported here is compiled, and nothing else; files in a read-only container cannot be compiled later.
RUN MPLCONFIGDIR=/tmp /venv/bin/python -c "import service.address, service.app, service.server.worker, service.engines.litert, \
       service.rendering.boundary, service.rendering.comparison, service.rendering.studies, service.edges.grpc, service.rpc.server, \
       gunicorn.app.wsgiapp, matplotlib.backends.backend_agg, PIL.PngImagePlugin"


FROM builder AS training-builder
COPY requirements/training.txt requirements/
RUN pip --python /venv/bin/python install --no-compile --require-hashes --no-deps -r requirements/training.txt
RUN cd /venv/lib/python3*/site-packages \
    # what programs in C++ are compiled against, and the compiler's library that TensorFlow's own build uses
    && rm -rf tensorflow/include clang \
    && rm -rf ai_edge_litert/libLiteRtWebGpuAccelerator.so ai_edge_litert/vendors ai_edge_litert/tools \
    && find . -type d -name tests -prune -exec rm -rf {} + \
    && find . -path './*.libs' -prune -o -type f -name '*.so*' -exec strip --strip-unneeded {} +
COPY bundle bundle
COPY verdicts verdicts
COPY training training
RUN /venv/bin/python -c "import training.cli, training.pipeline, training.study.command, training.study.measure, \
       training.study.engine, distributed.cli.dask_scheduler, distributed.cli.dask_worker, distributed.dashboard.scheduler"


# What the base image has for building images, and for people at a terminal, is no part of one that only runs Python.
FROM ${PYTHON_IMAGE} AS base
# Packages are removed by dpkg, so that scanners, which read its list, are told the truth.
RUN dpkg-query -W -f '${Package}\n' 'perl*' 'libperl*' apt 'libapt-pkg*' gpgv 'python3-*-whl' 2> /dev/null \
      | xargs dpkg --purge --force-all > /dev/null 2>&1 \
    # pip, and of the standard library what teaches, builds or draws windows; here and in Debian's own Python
    && rm -rf /usr/local/bin/pip* /usr/local/lib/python3*/site-packages/* \
    && for library in /usr/local/lib/python3* /usr/lib/python3*; do ( \
         cd "$library" && rm -rf ensurepip idlelib lib2to3 pydoc_data test tkinter turtle.py turtledemo config-3* ); done \
    # headers, encodings that nobody asks C's library for, pages of help; licences stay
    && rm -rf /usr/include /usr/local/include /usr/lib/*/gconv /usr/share/man /usr/share/info /usr/share/locale \
       /var/cache/* /var/lib/apt /var/log/* \
    && find /usr/share/doc -type f ! -name copyright -delete \
    # nobody becomes somebody else
    && find / -xdev -type f -perm /6000 -exec chmod a-s {} + \
    # compiled, as the containers' file systems cannot be written
    && find / -xdev -name __pycache__ -prune -exec rm -rf {} + \
    && python3 -m compileall -q "$(python3 -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')"


# Copied into an empty image, or what was removed would still be in the layers below.
FROM scratch AS runtime
COPY --from=base / /
ARG PYTHON_IMAGE
# What only the one who builds knows: docs/release.md has the command.
ARG VERSION=0.1.0
ARG REVISION=unknown
ARG CREATED=1970-01-01T00:00:00Z
ARG SOURCE=
LABEL org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}" \
      org.opencontainers.image.source="${SOURCE}" \
      org.opencontainers.image.base.name="${PYTHON_IMAGE}" \
      org.opencontainers.image.licenses="Apache-2.0"
# The base image's own, which an empty image does not have, and ours.
ENV PATH=/venv/bin:/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin \
    LANG=C.UTF-8 \
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
COPY --from=training-builder /app/bundle bundle
COPY --from=training-builder /app/verdicts verdicts
COPY --from=training-builder /app/training training
# A run that is killed leaves the models as they were, so it need not be waited for.
STOPSIGNAL SIGKILL
ENTRYPOINT ["python", "-m", "training"]
CMD ["train", "--if-missing"]


FROM runtime AS service
LABEL org.opencontainers.image.title="boundary-service" \
      org.opencontainers.image.description="Serves classifiers over HTTP and gRPC: predictions, decision boundaries, comparisons"
# OpenBLAS would start a thread for every processor of the host in every worker, and nothing here multiplies matrices.
ENV HOST=0.0.0.0 \
    PORT=8000 \
    OPENBLAS_NUM_THREADS=1 \
    MPLCONFIGDIR=/tmp/matplotlib
COPY --from=service-builder /usr/share/fonts-droid-fallback/truetype/DroidSansFallback.ttf /usr/share/fonts/truetype/
COPY --from=service-builder /venv /venv
COPY --from=service-builder /app/bundle bundle
COPY --from=service-builder /app/verdicts verdicts
COPY --from=service-builder /app/service service
COPY --from=service-builder /app/gunicorn.conf.py ./
# 8001 where GRPC_PORT says so.
EXPOSE 8000 8001
# Where memory is short, the kernel is to end this check before the arbiter.
HEALTHCHECK --interval=5s --timeout=3s --start-period=30s --start-interval=1s --retries=3 CMD \
    echo 300 > /proc/self/oom_score_adj; exec python -c \
    "import os, urllib.request as r; r.urlopen('http://127.0.0.1:' + os.environ['PORT'] + '/health/ready', timeout=2)"
CMD ["gunicorn"]
