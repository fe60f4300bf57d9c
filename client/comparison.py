"""The comparison as records: what `pandas.DataFrame` takes, one row a model or a pair. Pure: from the JSON document."""

from bundle.columns import Row, model_row, pair_row
from client.responses import Document


class Comparison(list[Row]):
    """One record a model, in the experiment's order: `pandas.DataFrame(client.comparison())`.

    A record has text, numbers and None only, under the same keys for every model, those of the service's CSV:
    `accuracy_…` on held-out test data over the replicates, `population_accuracy_…` over the whole distribution where it
    is known (else None), each with `mean`, `sd`, `min`, `median`, `max` and the 95% interval of the mean, `ci95_low`
    and `ci95_high` (sd and interval None with one replicate); `served_…` of the replicate that is served, `tn`, `fp`,
    `fn` and `tp` its confusion matrix; `hidden_layers` as text, such as `10-10`.

    Attributes
    ----------
    pairs : list of dict
        One record for every pair of models, the difference being a - b, and how likely it is chance.
    document : mapping
        All that the service sent: `experiment`, `dataset`, `protocol`, and `models` and `pairs` with nested values and
        the accuracy of every replicate.
    """

    def __init__(self, document: Document) -> None:
        super().__init__(map(model_row, document["models"]))
        self.pairs: list[Row] = [pair_row(pair) for pair in document["pairs"]]
        self.document = document
