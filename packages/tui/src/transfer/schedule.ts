/**
 * Which job gets the next free place. Pure.
 */

export type Contender = {
  readonly id: number;
  /** Higher goes first. */
  readonly priority: number;
  /** Files of it that move now. */
  readonly inFlight: number;
  /** Whether it has something to start: not paused, not walking, not at its end. */
  readonly ready: boolean;
};

/** Files that move at once, over all jobs. Enough to hide the round trips of small ones. */
export const filesInFlight = 8;

/**
 * Of the ready jobs with the highest priority the one with the fewest files in flight, the earlier in the queue among
 * equals: a folder of many files leaves room for the job behind it, and a single large file is not starved by a folder.
 * What moves already is not interrupted. undefined: nothing to start now.
 */
export function nextJob(queue: readonly Contender[], places: number = filesInFlight): number | undefined {
  const taken = queue.reduce((sum, { inFlight }) => sum + inFlight, 0);
  if (taken >= places) return undefined;
  let chosen: Contender | undefined;
  for (const job of queue) if (job.ready && (chosen === undefined || goesBefore(job, chosen))) chosen = job;
  return chosen?.id;
}

function goesBefore(job: Contender, chosen: Contender): boolean {
  if (job.priority !== chosen.priority) return job.priority > chosen.priority;
  return job.inFlight < chosen.inFlight;
}
