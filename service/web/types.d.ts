// What the service answers with, as far as the pages read it, and what the pages pass around. For `make lint-js` only.

type Point = [number, number];
type Interval = [number, number];
/** A string where a JavaScript number would not be exact. */
type Version = number | string;

interface Feature {
  name: string;
  low: number;
  high: number;
}

interface Circle {
  center: Point;
  radius: number;
}

interface Card {
  name: string;
  experiment: string;
  hidden_layers: number[];
  activation: string | null;
  parameters: number;
  features: Feature[];
  epochs: number[];
  replicates: number;
  replication: string;
  diverged: number[];
  true_boundary: Circle | null;
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
  card: Card | null;
}

interface Weights {
  epochs: number[];
  activation: string | null;
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
  accuracy: Summary;
  population_accuracy: Summary | null;
  served: { accuracy: number };
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
  dataset: { replication: string };
  protocol: { replicates: number };
  models: ModelResult[];
  pairs: Pair[];
}

interface Dataset {
  features: string[];
  points: Point[];
  labels: number[];
  split: string[];
}

/** What all maps are drawn over. */
interface Domain {
  x: Interval;
  y: Interval;
  names: string[];
}

/** The test points: as pairs, and as a column for each feature. */
interface TestPoints {
  points: Point[];
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
}

type Model = import("./explorer/catalogue.js").Model;
type Catalogue = import("./explorer/catalogue.js").Catalogue;

/** What is shown: the address' values, completed from the models that are there. */
interface View extends Omit<Values, "a" | "b"> {
  point: Point;
  /** The two models whose difference is shown; null where there are not two. */
  pair: [Model, Model] | null;
}

/** The unit values of a network by layer and unit, each at all nodes. */
type Layers = ArrayLike<number>[][];

/** A run's accuracy after each of its recorded epochs. */
interface LearningCurve {
  epochs: number[];
  accuracies: number[];
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
