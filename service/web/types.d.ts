// What the service answers with, as far as the pages read it, and what the pages pass around. For `make lint-js` only.

type Point = [number, number];
type Interval = [number, number];
/** A string where a JavaScript number would not be exact. */
type Version = number | string;

type Task = "binary" | "multiclass" | "regression";

/** A feature with categories has their positions, from 0. */
interface Feature {
  name: string;
  low: number;
  high: number;
  held?: number | null;
  categories?: string[] | null;
}

/** A circle in the plane. */
interface Sphere {
  center: number[];
  radius: number;
}

interface Card {
  name: string;
  experiment: string;
  target: string;
  hidden_layers: number[];
  activation: string | null;
  activations?: string[] | null;
  parameters: number;
  features: Feature[];
  epochs: number[];
  replicates: number;
  replication: string;
  diverged: number[];
  true_boundary: Sphere | null;
}

interface VersionState {
  version: Version;
  state: string;
  reason?: string | null;
}

interface ModelList {
  models: { name: string; versions: VersionState[] }[];
  default_model: string | null;
}

interface DescribedVersion {
  version: Version;
  signatures: string[];
  features: Feature[];
  output: "probability" | "logit" | "value" | null;
  task: Task | null;
  classes: string[];
  card: Card | null;
}

interface Weights {
  epochs: number[];
  activation: string | null;
  /** One a hidden layer, where they differ. */
  activations?: string[];
  feature_fill?: number[];
  feature_mean?: number[];
  feature_sd?: number[];
  /** By snapshot, input and unit. */
  layers: { kernel: number[][][]; bias: number[][] }[];
}

/** One value for each run, null where it diverged. */
interface Summary {
  mean: number;
  min: number;
  median: number;
  max: number;
  ci95: Interval | null;
  values: (number | null)[];
  /** Mean of the middle half. */
  interquartile_mean?: number | null;
}

/** What some of the runs chose on validation data. */
interface Choice {
  learning_rate: number;
  epochs: number;
  replicates: number;
}

/** What all runs reach at one rate after one epoch, on validation data: accuracy, in a regression the mean error. */
interface Sensitivity {
  learning_rate: number;
  epoch: number;
  mean: number;
  ci95: Interval | null;
}

/** The variance over runs, and how much of it each source makes. */
interface Variance {
  total: number;
  test_set: number | null;
  data: number | null;
  weights: number | null;
  batches: number | null;
  runs: number;
  measured_on: string;
  ci95?: Record<string, Interval>;
}

interface ReliabilityBin {
  count: number;
  mean_probability: number | null;
  share: number | null;
}

/** What older comparisons lack may be absent; what was not measured is null or empty. */
interface ModelResult {
  model: string;
  epochs?: number;
  parameters: number;
  replicates: number;
  /** Null in a regression. */
  accuracy: Summary | null;
  population_accuracy: Summary | null;
  served: { accuracy: number } | { r2: number };
  /** Every number of `served` over all runs. */
  metrics?: Record<string, Summary>;
  notebook_accuracy: number | null;
  own_accuracy?: Summary | null;
  protocol?: { learning_rates: number[]; epochs: number[]; chosen: Choice[] } | null;
  sensitivity?: Sensitivity[];
  variance?: Variance | null;
  still_improving?: number | null;
  reliability?: ReliabilityBin[];
}

interface Pair {
  a: string;
  b: string;
  mean_difference: number;
  ci95: Interval | null;
  probability_a_better: number;
  p_value?: number | null;
  mcnemar_p?: number | null;
  p_value_holm: number | null;
  wins_ci95?: Interval | null;
  simultaneous_ci95?: Interval | null;
  probability_better?: number | null;
  probability_equivalent?: number | null;
  probability_worse?: number | null;
  rope?: number;
  verdict?: "better" | "equivalent" | "worse" | "undecided";
  words?: string;
}

interface ComparisonDocument {
  experiment: string;
  dataset: {
    replication: string;
    task?: Task;
    classes?: string[];
    target?: string;
    baseline?: number | null;
    sizes?: Record<string, number>;
  };
  protocol: { replicates: number; learning_rate?: number | null };
  /** How the models were trained, in words. */
  recipe?: string;
  models: ModelResult[];
  pairs: Pair[];
  /** Why there is no result, by model. */
  failed?: Record<string, string>;
}

/** NaN where a value is missing; labels are positions among the classes, or values. */
interface Dataset {
  features: string[];
  points: number[][];
  labels: number[];
  split: string[];
}

/** What all maps are drawn over. */
interface Domain {
  x: Interval;
  y: Interval;
  names: string[];
}

/** The test points: their rows in the data, as points, and as a column for each feature. */
interface TestPoints {
  rows: number[];
  points: number[][];
  columns: Float64Array[];
  labels: number[];
}

/** What the address says. */
interface Values {
  experiment: string | null;
  epoch: number | null;
  run: number;
  statistic: string;
  a: string | null;
  b: string | null;
  inside: string | null;
  unit: string | null;
  /** The hidden units that are off, as "1.3 2.10", and the order in which they are added: "weight", or as drawn. */
  off: string | null;
  order: string | null;
  x: number | null;
  y: number | null;
  points: string;
  colours: string;
  theme: string;
  sort: string | null;
  /** What verdicts are by, and what they call no difference; null for what the service takes. */
  score: string | null;
  rope: number | null;
  /** The features along the axes, in a volume also the third. */
  across: string | null;
  up: string | null;
  deep: string | null;
  hold: string | null;
  average: string | null;
  class: string | null;
  level: number | null;
  /** "shown", or not. */
  planes: string | null;
}

type Model = import("./explorer/model.js").Model;
type Catalogue = import("./explorer/catalogue.js").Catalogue;

/** What is shown: the address' values, completed from the models that are there. */
interface View extends Omit<Values, "a" | "b"> {
  place: import("./explorer/place.js").Place;
  point: Point;
  /** The two models whose difference is shown; null where there are not two. */
  pair: [Model, Model] | null;
}

/** What a map shows, a number at each node; of several classes the most probable one's, with its position. */
interface Field {
  values: ArrayLike<number>;
  labels: ArrayLike<number> | null;
  /** Each class's, where they are known. */
  outputs?: ArrayLike<number>[];
}

/** The unit values of a network by layer and unit, each at all nodes. */
type Layers = ArrayLike<number>[][];

/** A run's accuracy, or R², after each of its recorded epochs. */
interface LearningCurve {
  epochs: number[];
  scores: number[];
}

/** What the parts of the page call when something is chosen. */
interface Handlers {
  onpoint(point: Point): void;
  onlook(model: string): void;
  oninside(model: string): void;
  onunit(unit: string | null): void;
  onbuild(change: (values: Values) => Partial<Pick<Values, "unit" | "off" | "order">>): void;
  onepoch(epoch: number): void;
  onpair(pair: { a?: string; b?: string }): void;
  onrun(run: number): void;
  onsort(sort: string | null): void;
  onverdict(by: { score?: string | null; rope?: number | null }): void;
}

// --- Studies ---

/** Of a factor; null where a cell has none, as a linear model has no width. */
type Level = string | number | boolean | null;

interface StudyFacts {
  name: string;
  title: string;
  /** Markdown. */
  text: string;
  recipe?: string;
  replicates: number;
  metric: string;
  axes: string[];
  task: Task;
  started_at: string;
  metrics: string[];
  epochs: number[];
}

/** `replicates` are those that are finished; `map` is a position among the study's maps. */
interface StudyCell {
  digest: string;
  name: string;
  factors: Record<string, Level>;
  hidden_layers: number[];
  model: string | null;
  experiment: string | null;
  replicates: number;
  failed: number;
  map: number | null;
}

/** What boundaries are drawn over, and what their numbers stand for. */
interface StudyMap {
  features: [string, string];
  domain: [Interval, Interval];
  scale: Interval;
  classes: (string | number)[] | null;
}

interface StudyFailure {
  cell: string;
  first: number;
  last: number;
  reason: string;
}

interface StudyClaim {
  text: string;
  metric: string;
  where: Record<string, unknown>;
  along: string | null;
  better: Record<string, unknown> | null;
  than: Record<string, unknown> | null;
  outcome: "holds" | "does not hold" | "undecided";
  sentence: string;
}

/** Rows below the names of their columns. */
interface StudyTable {
  metric: string;
  columns: string[];
  rows: (string | number | null)[][];
}

interface StudyDocument extends StudyTable {
  study: StudyFacts;
  progress: { cells: number; finished: number; failed: number };
  factors: { name: string; levels: Level[] }[];
  cells: StudyCell[];
  maps: StudyMap[];
  resolution: number;
  failures: StudyFailure[];
  claims: StudyClaim[];
}

interface StudyList {
  studies: {
    name: string;
    title: string;
    cells: number;
    finished: number;
    failed: number;
    replicates: number;
    started_at: string;
    claims: Pick<StudyClaim, "text" | "outcome" | "sentence">[];
  }[];
}

/** What a cell's runs sum up to. */
interface CellSummary {
  count: number;
  mean: number | null;
  sd: number | null;
  ci95: Interval | null;
  min: number | null;
  median: number | null;
  max: number | null;
}

/** What the address of a study's page says; null for what follows from the study. */
interface StudyValues {
  x: string | null;
  y: string | null;
  metric: string | null;
  epoch: number | null;
  where: string | null;
  cell: string | null;
  show: string | null;
  theme: string;
}

// Swagger UI, loaded by the page at /docs.
declare function SwaggerUIBundle(options: Record<string, unknown>): void;
