"""What a picture is of, said without Matplotlib, which only a picture loads."""

from dataclasses import dataclass

from bundle.card import Feature
from bundle.comparison import Dataset
from service.registry.models import ModelVersion


@dataclass(frozen=True)
class Subject:
    """What a picture is of, beside the numbers.

    Attributes:
        version: the model.
        axes: the positions of the features along x and y.
        title: what stands above.
        shown: the class whose probability it is, where it is one's.
        data: the points; faint where other features than the two are held or averaged over, for they lie elsewhere.
    """

    version: ModelVersion
    axes: tuple[int, ...]
    title: str
    shown: str | None
    data: Dataset | None

    @property
    def features(self) -> list[Feature]:
        return [self.version.features[i] for i in self.axes]

    @property
    def is_whole(self) -> bool:
        """Whether the two features are all."""
        return len(self.version.features) == len(self.axes)

    @property
    def quantity(self) -> str:
        """What the model gives, in words."""
        if self.version.output == "value":
            return "value" if self.version.card is None else self.version.card.target
        return f"P(y = {self.shown})"
