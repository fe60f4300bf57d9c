"""`GET /boundary` as a picture: what it shows, and what stands above it."""

from collections.abc import Iterator

from bundle.comparison import Dataset
from service.dataplane.cache import Chunks
from service.dataplane.grid_functions import converged
from service.dataplane.grids import evaluate
from service.edges.own.boundary_plan import BoundaryPlan
from service.edges.own.boundary_query import MEDIA_TYPES, BoundaryQuery
from service.http.conditional import Validators, conditional
from service.http.context import Call
from service.http.responses import RawResponse
from service.registry.experiments import HashedFile
from service.registry.models import ModelVersion
from service.rendering.lettering import title_lines
from service.rendering.loading import loading
from service.rendering.subject import Subject

NO_BREAK_SPACE = "\N{NO-BREAK SPACE}"


def picture(
    call: Call, query: BoundaryQuery, plan: BoundaryPlan, version: ModelVersion, minus: ModelVersion | None
) -> RawResponse:
    """Answer with a picture; its data are the experiment's, which training again replaces."""
    data = call.plane.experiments.dataset_of(version)
    validators = Validators.of(plan.validators.etag, "" if data is None else data.digest)

    def draw() -> Chunks:
        return [_draw(query, plan, _subject(query, plan, version, minus, data))]

    return conditional(
        call, validators, MEDIA_TYPES["png"], lambda: call.plane.cached(call.record, validators.etag, draw)
    )


def _draw(query: BoundaryQuery, plan: BoundaryPlan, subject: Subject) -> bytes:
    with loading():
        from service.rendering.boundary import draw  # noqa: PLC0415 (Matplotlib is loaded by the first picture)

    # Contours are straight between nodes: with one every other pixel, a thousandth of the pixels shows another colour,
    # and a picture 2,000 pixels wide takes 110 MB where one for every pixel takes 380.
    nodes = min(query.resolution, max(2, query.width // 2))
    return draw(evaluate(subject.version, plan.function, plan.grid(nodes)), subject, query.width)


def _subject(
    query: BoundaryQuery,
    plan: BoundaryPlan,
    version: ModelVersion,
    minus: ModelVersion | None,
    data: HashedFile[Dataset] | None,
) -> Subject:
    shown = query.class_ or (version.classes[1] if version.task == "binary" else None)
    content = None if data is None else data.content
    fits = content is not None and content.features == [feature.name for feature in version.features]
    lines = [*title_lines(", ".join(_title(query, plan, version, minus)), query.width), *_place(plan, query.width)]
    return Subject(version, plan.axes, "\n".join(lines), shown, content if fits else None)


def _title(
    query: BoundaryQuery, plan: BoundaryPlan, version: ModelVersion, minus: ModelVersion | None
) -> Iterator[str]:
    """Yield what a picture shows, with only what differs from the usual."""
    card = version.card
    yield f"{version.name}, version {version.number}" if minus is None else f"{version.name} − {minus.name}"
    if query.layer is not None:
        yield f"layer {query.layer}, unit {query.unit}"
    if query.statistic != "probability" and card is not None:
        yield f"{query.statistic} of {len(converged(version))} runs"
        if card.diverged:
            yield f"{len(card.diverged)} diverged"
    if query.replicate:
        yield f"run {query.replicate}"
    if card is not None and plan.epoch != card.epochs[-1]:
        yield f"epoch {plan.epoch}"


def _place(plan: BoundaryPlan, width: int) -> list[str]:
    """Return lines that say where the other features are, as far as there is room."""
    average, held = plan.description.get("average"), plan.description.get("held")
    if isinstance(average, dict):
        return [f"averaged over {average['rows']} of {average['of']} points"]
    if not isinstance(held, dict):
        return []
    parts = (f"{name} = {_shown(value)}".replace(" ", NO_BREAK_SPACE) for name, value in held.items())
    return title_lines(", ".join(parts), width)


def _shown(value: object) -> str:
    if value is None:
        return "missing"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
