/** The simulated queues of one thread, seed after seed. Started by queue.test.ts. */

import { standIn } from '../hooks.ts';
import { liveAll, tell } from '../in-thread.ts';

standIn('/tui/src/engine/live-job.ts', new URL('./job-at-work.ts', import.meta.url));
const { QueueLife } = await import('./life.ts');

const sums = { orders: 0, jobs: 0, begun: 0, kills: 0, cuts: 0, events: 0 };
await liveAll(async (world) => {
  const life = new QueueLife(world);
  const { acknowledged, begun } = await life.run();
  sums.orders += life.orders;
  sums.jobs += acknowledged.size;
  sums.begun += begun;
  sums.kills += world.kills;
  sums.cuts += world.powerCuts;
  sums.events += world.events;
});
tell(sums);
