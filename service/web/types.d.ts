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
}

interface ModelResult {
  model: string;
  parameters: number;
  replicates: number;
  /** Null in a regression. */
  accuracy: Summary | null;
  population_accuracy: Summary | null;
  served: { accuracy: number } | { r2: number };
  /** Every number of `served` over all runs. */
  metrics?: Record<string, Summary>;
  notebook_accuracy: number | null;
}

interface Pair {
  a: string;
  b: string;
  mean_difference: number;
  ci95: Interval | null;
  probability_a_better: number;
  p_value_holm: number | null;
}

interface ComparisonDocument {
  experiment: string;
  dataset: { replication: string; task?: Task; classes?: string[]; target?: string };
  protocol: { replicates: number };
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
  x: number | null;
  y: number | null;
  points: string;
  colours: string;
  theme: string;
  sort: string | null;
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
  onepoch(epoch: number): void;
  onpair(pair: { a?: string; b?: string }): void;
  onrun(run: number): void;
  onsort(sort: string | null): void;
}

// Swagger UI, loaded by the page at /docs.
declare function SwaggerUIBundle(options: Record<string, unknown>): void;
