// What a study says of depth: how good networks of none, one and more hidden layers are, by the number of points.

import { isRefusal } from "../explorer/service.js";
import { Study, summariesOf, upTo } from "../study/study.js";

/** The course's own study, which is looked for first; and how many are looked through. */
const OUR_STUDY = "depth-and-data";
const MAX_STUDIES = 4;

/** By what networks are called good, of what a study has, the first: of these the highest is the best. */
const ACCURACIES = ["exact_accuracy", "test_accuracy"];

/** Means by series and category.
 *  @typedef {{mean: number, ci95: Interval | null} | null} Mean */

/** Accuracies by the number of points and the depth; `where` is what else is held.
 *  @typedef {{name: string, title: string, metric: string, where: string, depths: number[], sizes: number[],
 *  means: Mean[][], runs: number, at: (size: number) => StudyClaim[]}} DepthStudy */

/** The study that varies both depth and points; null where there is none.
 *  @param {import("../explorer/service.js").Service} service
 *  @returns {Promise<DepthStudy | null>} */
export async function depthStudy(service) {
  try {
    /** @type {StudyList} */
    const { studies } = await service.json("studies?format=json");
    const names = studies.map(({ name }) => name).sort((a, b) => Number(b === OUR_STUDY) - Number(a === OUR_STUDY));
    for (const name of names.slice(0, MAX_STUDIES)) {
      const found = await read(service, name);
      if (found !== null) return found;
    }
    return null;
  } catch (error) {
    if (isRefusal(error)) return null;
    throw error;
  }
}

/** @param {import("../explorer/service.js").Service} service @param {string} name */
async function read(service, name) {
  const path = `studies/${encodeURIComponent(name)}?format=json&group=cell`;
  /** @type {StudyDocument} */
  const first = await service.json(path);
  const study = new Study(first);
  const { task, metrics } = study.facts;
  const isBoth = ["depth", "n_samples"].every((factor) => study.varied.includes(factor));
  if (!isBoth || task === "regression" || study.cells.length === 0) return null;
  for (const metric of ACCURACIES.filter((name) => metrics.includes(name))) {
    const table = metric === first.metric ? first : await service.json(`${path}&metric=${metric}&study=false`);
    const found = tableOf(study, table, metric);
    if (found !== null) return found;
  }
  return null;
}

/** @param {Study} study @param {StudyTable} table @param {string} metric
 *  @returns {DepthStudy | null} null where nothing is measured yet */
function tableOf(study, table, metric) {
  const others = study.varied.filter((factor) => !["depth", "n_samples"].includes(factor));
  const summaries = summariesOf(table);
  const measured = study.cells.filter(
    ({ digest }) => typeof upTo(summaries.get(digest) ?? [], null)?.summary.mean === "number",
  );
  if (measured.length === 0) return null;
  const usual = measured.find(({ factors }) => others.every((factor) => factors[factor] !== null)) ?? measured[0];
  const held = Object.fromEntries(others.map((factor) => [factor, usual.factors[factor]]));
  const cells = measured.filter(({ factors }) =>
    others.every((factor) => factors[factor] === held[factor] || factors[factor] === null),
  );
  /** @param {string} factor */
  const levels = (factor) =>
    [...new Set(cells.map(({ factors }) => Number(factors[factor])))].filter(Number.isFinite).sort((a, b) => a - b);
  const [depths, sizes] = [levels("depth"), levels("n_samples")];
  if (depths.length < 2 || sizes.length < 2) return null;
  const means = sizes.map((size) =>
    depths.map((depth) => {
      const cell = cells.find(({ factors }) => factors.depth === depth && factors.n_samples === size);
      const summary = cell && upTo(summaries.get(cell.digest) ?? [], null)?.summary;
      return summary && summary.mean !== null ? { mean: summary.mean, ci95: summary.ci95 } : null;
    }),
  );
  const { name, title, replicates } = study.facts;
  /** @param {number} size */
  const at = (size) =>
    study.claims.filter(({ where, better, than }) => {
      const isOfDepth = better !== null && than !== null && "depth" in better && "depth" in than;
      const isHere =
        where.n_samples === size && others.every((factor) => !(factor in where) || where[factor] === held[factor]);
      return isOfDepth && isHere;
    });
  const where = Object.values(held)
    .filter((level) => level !== null)
    .map((level) => (level === "gaussian_quantiles" ? "the disc" : String(level).replaceAll("_", " ")))
    .join(", ");
  return { name, title, metric, where, depths, sizes, means, runs: replicates, at };
}
