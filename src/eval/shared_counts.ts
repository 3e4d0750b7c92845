/**
 * The sums over all processes of what each has counted of its share of the images; all pass equally many numbers, in the same order of
 * calls. Counts of whole things come out exactly as one process has them.
 */
export type SumCounts = (counts: Float64Array) => Promise<Float64Array>;
