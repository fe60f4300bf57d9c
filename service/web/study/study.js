// A study as the service tells it: its factors, its cells, and what their runs sum up to.

export class Study {
  /** @param {StudyDocument} document */
  constructor(document) {
    const { study, factors, cells, progress, maps, resolution, failures, claims } = document;
    this.facts = study;
    this.cells = cells;
    this.progress = progress;
    this.maps = maps;
    this.resolution = resolution;
    this.failures = failures;
    this.claims = claims;
    this.levels = new Map(factors.map(({ name, levels }) => [name, levels]));
    this.positions = new Map(cells.map(({ digest }, i) => [digest, i]));
    /** The factors in which cells differ, by which they can be placed. */
    this.varied = factors.filter(({ levels }) => levels.length > 1).map(({ name }) => name);
  }

  /** @param {string | null} name a cell's, or its digest */
  cell(name) {
    return this.cells.find((cell) => cell.name === name || cell.digest === name) ?? null;
  }

  get isRunning() {
    const { cells, finished, failed } = this.progress;
    return finished + failed < cells;
  }

  /** What tells whether the boundaries are others than before. */
  get mapsKey() {
    return this.cells.map(({ digest, map, replicates }) => (map === null ? "" : digest + replicates)).join();
  }
}

/** A table's summaries by cell and epoch; of one without epochs, those of each cell's last, by `null`.
 *  @param {StudyTable} table
 *  @returns {Map<string, {epoch: number | null, summary: CellSummary}[]>} ascending */
export function summariesOf({ columns, rows }) {
  const at = Object.fromEntries(columns.map((name, i) => [name, i]));
  /** @type {Map<string, {epoch: number | null, summary: CellSummary}[]>} */
  const found = new Map();
  for (const row of rows) {
    /** @param {string} name */
    const number = (name) => /** @type {number | null} */ (row[at[name]] ?? null);
    const [low, high] = [number("ci95_low"), number("ci95_high")];
    const summary = {
      count: number("count") ?? 0,
      mean: number("mean"),
      sd: number("sd"),
      ci95: low === null || high === null ? null : /** @type {Interval} */ ([low, high]),
      min: number("min"),
      median: number("median"),
      max: number("max"),
    };
    const cell = String(row[at.cell]);
    const all = found.get(cell);
    const one = { epoch: number("epoch"), summary };
    if (all === undefined) found.set(cell, [one]);
    else all.push(one);
  }
  for (const all of found.values()) all.sort((a, b) => (a.epoch ?? 0) - (b.epoch ?? 0));
  return found;
}

/** A cell's rows: each column's numbers by epoch, one for each run.
 *  @param {StudyTable} table */
export function runsOf({ columns, rows }) {
  const at = Object.fromEntries(columns.map((name, i) => [name, i]));
  const byEpoch = Map.groupBy(rows, (row) => Number(row[at.epoch]));
  const epochs = [...byEpoch.keys()].sort((a, b) => a - b);
  /** @param {string} name @param {number} epoch
   *  @returns {number[]} NaN where a run has none, in the order of the runs */
  const values = (name, epoch) =>
    (byEpoch.get(epoch) ?? [])
      .toSorted((a, b) => Number(a[at.replicate]) - Number(b[at.replicate]))
      .map((row) => (typeof row[at[name]] === "number" ? Number(row[at[name]]) : NaN));
  return { columns, epochs, values };
}

/** @typedef {ReturnType<typeof runsOf>} Runs */

/** The last epoch that is recorded up to one; the last of all without one.
 *  @param {number[]} epochs @param {number | null} wanted */
export const recorded = (epochs, wanted) =>
  epochs.findLast((epoch) => wanted === null || epoch <= wanted) ?? epochs[0] ?? null;

/** The summary of the last epoch up to one; of the last of all without one.
 *  @param {{epoch: number | null, summary: CellSummary}[]} all @param {number | null} wanted */
export const upTo = (all, wanted) =>
  all.findLast(({ epoch }) => wanted === null || epoch === null || epoch <= wanted) ?? null;
