"""One thread for a cell's arithmetic, so that its numbers are the same bits wherever it is trained.

How a sum is split among threads says in which order it is added up. Cells are trained side by side instead: a process
each, for as many as there are processors.
"""

import os

ENVIRONMENT = {
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "TF_ENABLE_ONEDNN_OPTS": "0",  # the same arithmetic on every processor
    "TF_CPP_MIN_LOG_LEVEL": "3",  # its notes would tear the progress bar
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}


def limit_to_one() -> None:
    """Have TensorFlow and BLAS, and what else comes with threads, use one in this process from now on.

    Raises:
        RuntimeError: TensorFlow has been used in this process already, with more of them.
    """
    os.environ.update(ENVIRONMENT)  # for what is loaded after this
    import tensorflow as tf  # noqa: PLC0415 (seconds, and only where cells are trained)
    from threadpoolctl import threadpool_limits  # noqa: PLC0415

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    threadpool_limits(1)  # of what has been loaded before
