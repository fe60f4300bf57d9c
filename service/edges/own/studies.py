"""`GET /studies`: which studies there are. `GET /studies/<name>`: one study's rows, what they sum up to, its claims."""

from dataclasses import dataclass

from marshmallow import fields

from bundle.records import StrictRecordSchema
from service import __version__
from service.dataplane.studies import metric_of
from service.dataplane.study_query import StudyQuery, read_group, read_names, read_where
from service.edges.own import pages
from service.edges.own.experiments import as_text
from service.edges.own.study_document import StudiesSchema, StudySchema, facts_of, json_chunks, listed, table_of
from service.errors import InvalidError
from service.http import custom_fields
from service.http.conditional import Validators, compressible, conditional, conditional_json
from service.http.context import Call
from service.http.endpoint import Endpoints
from service.http.negotiation import negotiate
from service.http.responses import JSON, RawResponse, is_compressible
from service.registry.studies import StudyFolder
from service.rendering.loading import loading
from service.rendering.study_rows import to_arrow, to_csv, to_npy, to_parquet

endpoints = Endpoints("studies", problems=(404, 406, 413, 422, 503), conditional=True)

HTML, NPY = "text/html", "application/x-npy"

TYPES = {
    "json": JSON,
    "csv": "text/csv",
    "parquet": "application/vnd.apache.parquet",
    "arrow": "application/vnd.apache.arrow.file",
    "png": "image/png",
}

TABLES = {"csv": to_csv, "parquet": to_parquet, "arrow": to_arrow}

PICTURES = ("map", "curves", "gradients")

WHERE = (
    "which rows: conditions with commas between, each a column, a colon and a level, or several with | between: "
    "`width:10`, `activation:tanh|relu`, `n_samples:>=100`, `test_accuracy:<0.9`, `width:none` for cells that have no "
    "such level, `epoch:last` for each cell's last epoch. Commas, colons and | in names are written %2C, %3A and %7C"
)

CONDITIONS, COLUMNS = r"^[^,:]+:[^,]+(,[^,:]+:[^,]+)*$", r"^[^,]+(,[^,]+){0,5}$"
"""What the document says of these texts; who breaks it is told in words."""


@endpoints.get(
    "/studies",
    summary="List the studies",
    responses={JSON: (StudiesSchema,), HTML: ()},
    problems=(406, 503),
    page=pages.studies_page,
)
def get_studies(call: Call) -> RawResponse:
    """Each study with how many of its cells are finished, and what came of its claims."""
    folders = call.plane.study_folders()
    claims = call.plane.in_turn(call.record, lambda: [call.plane.studies.claims(folder) for folder in folders])
    return conditional_json(call, {"studies": [*map(listed, folders, claims)]})


@dataclass(frozen=True)
class RowsQuery:
    format: str | None = None
    where: str | None = None
    group: str | None = None
    metric: str | None = None
    picture: str = PICTURES[0]
    x: str | None = None
    y: str | None = None
    width: int = 900
    study: bool = True

    @property
    def rows(self) -> StudyQuery:
        """What is asked of the rows."""
        return StudyQuery(read_where(self.where), read_group(self.group), read_names(self.metric))


class RowsQuerySchema(StrictRecordSchema[RowsQuery]):
    record = RowsQuery
    format = custom_fields.format_field(TYPES)
    where = fields.String(metadata={"description": WHERE, "pattern": CONDITIONS})
    group = fields.String(
        metadata={
            "description": "a row for each combination of these columns' levels, such as `width,depth`: count, mean, "
            "sd, the mean's 95% interval, min, median and max of the metric, at the last epoch unless `epoch` is among "
            "the columns or in `where`. Without it rows are runs at their recorded epochs",
            "pattern": COLUMNS,
        }
    )
    metric = fields.String(
        metadata={"description": "what groups are summed up by; of rows, the metrics that they have, commas between"}
    )
    picture = custom_fields.choice_field(
        PICTURES,
        "what is drawn: boundaries over two factors (map), the metric along a factor or epochs (curves), or gradient "
        "norms by layer along a factor (gradients)",
    )
    x = fields.String(metadata={"description": "of the picture: the factor across, or `epoch`"})
    y = fields.String(
        metadata={"description": "of the picture: the factor up, or of curves the one that tells them apart"}
    )
    width = custom_fields.width_field(default=900)
    study = fields.Boolean(
        metadata={"description": "of JSON: false for the rows alone, without the study itself", "default": True}
    )


@endpoints.get(
    "/studies/<name>",
    summary="Get a study's rows, or what they sum up to",
    query=RowsQuerySchema(),
    responses={
        JSON: (StudySchema,),
        **{media_type: () for name, media_type in TYPES.items() if name != "json"},
        HTML: (),
    },
    page=lambda call, **_: pages.study_page(call),
)
def get_study(call: Call, query: RowsQuery, name: str) -> RawResponse:
    """JSON has the study, its cells, failures and claims beside the rows, which it bounds: CSV, Parquet and Arrow have
    more. Rows are runs, each at the epochs that it recorded, or with `group` what groups of runs sum up to.
    """
    representation = negotiate(TYPES, call.headers.get("accept"), query.format)
    asked, folder = query.rows, call.plane.study(name)
    exported = _exported(call) if representation == "json" else {}
    parts = (query.where, query.group, query.metric, query.picture, query.x, query.y, query.width, query.study)
    of_models = sorted((cell.model or "", exported.get(cell.model or "") or "") for cell in folder.study.cells)
    validators = Validators.of(
        __version__, "study", representation, folder.digest, *(repr(part) for part in parts), repr(of_models)
    )

    def make() -> list[bytes]:
        if representation == "json":
            table, rest = table_of(call.plane.studies, folder, asked), {}
            if query.study:
                rest = facts_of(call.plane.studies, folder, exported)
            return json_chunks(rest, *table)
        if representation == "png":
            return [_picture(call, folder, query)]
        columns = (
            call.plane.studies.rows(folder, asked)
            if asked.group is None
            else call.plane.studies.summaries(folder, asked)[1]
        )
        return TABLES[representation](columns)

    media_type = TYPES[representation]
    answer = compressible if is_compressible(media_type) else conditional
    return answer(
        call,
        validators,
        as_text(media_type) if media_type.startswith("text/") else media_type,
        lambda: call.plane.cached(call.record, validators.etag, make),
    )


@dataclass(frozen=True)
class BoundariesQuery:
    format: str | None = None


class BoundariesQuerySchema(StrictRecordSchema[BoundariesQuery]):
    record = BoundariesQuery
    format = custom_fields.format_field({"npy": NPY})


@endpoints.get(
    "/studies/<name>/boundaries",
    summary="Get the decision boundaries of all cells of a study",
    query=BoundariesQuerySchema(),
    responses={NPY: ()},
)
def get_boundaries(call: Call, query: BoundariesQuery, name: str) -> RawResponse:
    """uint8 [cells, 2, n, n], cells in the order of the study's JSON, rows from the lowest y up: the mean of the runs'
    P(y = 1) from 0 to 255, in a regression that of their values on the map's scale, of several classes the position of
    the most frequent label; then the share of runs with the most frequent label, of 254, or 255 where there is none. A
    cell without a map is 0. `maps` of the JSON say which plane it is.
    """
    negotiate({"npy": NPY}, call.headers.get("accept"), query.format)
    folder = call.plane.study(name)
    validators = Validators.of(__version__, "study boundaries", folder.digest)
    return compressible(  # unlike a grid of float32, maps of bytes have much in common
        call,
        validators,
        NPY,
        lambda: call.plane.cached(call.record, validators.etag, lambda: to_npy(call.plane.studies.boundaries(folder))),
    )


def _exported(call: Call) -> dict[str, str | None]:
    """Return the experiments of the models that are served."""
    latest = [model.latest for model in call.plane.models()]
    return {v.name: None if v.card is None else v.card.experiment for v in latest if v is not None}


def _picture(call: Call, folder: StudyFolder, query: RowsQuery) -> bytes:
    """Return a PNG.

    Raises:
        InvalidError: there is nothing for it.
    """
    studies, asked = call.plane.studies, query.rows
    metric = metric_of(asked, folder.study, studies.known(folder))
    columns = studies.drawn_rows(folder, asked, query.picture, query.x, metric)
    maps = {}
    if query.picture == "map":
        cells = set(columns["cell"])
        maps = folder.store.maps(files=[file for file in folder.files if file.cell in cells])
    with loading():
        from service.rendering.studies import draw  # noqa: PLC0415 (Matplotlib is loaded by the first picture)

    try:
        return draw(query.picture, folder.study, columns, maps, (query.x, query.y, metric), query.width)
    except ValueError as error:
        raise InvalidError.of("picture", f"{error}.") from error
