/**
 * A server's figures as time series for Prometheus, written out by prom-client. Labels are our own words alone: verbs, results, ways to
 * log in, error codes, thread numbers. No account, address or path is in them, so that nobody can make series, and who may read
 * them learns of nobody. Loaded with the first question; main thread.
 */

import { isCodeName } from '@ferry/protocol';
import { AggregatorRegistry, type MetricType } from 'prom-client';
import packageJson from '../../package.json' with { type: 'json' };
import type { ServerStatus } from '../supervisor/status.ts';
import { durationBounds, results, type VerbFigures } from './meters.ts';

type Labels = Readonly<Record<string, string | number>>;
type Value = { readonly labels: Labels; readonly value: number; readonly metricName?: string };
type Series = {
  readonly name: string;
  readonly help: string;
  readonly type: `${Lowercase<keyof typeof MetricType>}`;
  readonly values: readonly Value[];
};

/** What only the process itself knows. */
export type ProcessFigures = { readonly cpuSeconds: number; readonly residentBytes: number };

/** Prometheus' text format 0.0.4. */
export function expositionOf(status: ServerStatus, own: ProcessFigures): Promise<string> {
  const all = seriesOf(status, own).map((one) => ({ ...one, aggregator: 'first' }));
  return AggregatorRegistry.aggregate([all]).metrics();
}

const ways: ReadonlyMap<string, string> = new Map([
  ['without an account', 'open'],
  ['with its device key', 'key'],
  ['with an invite', 'invite'],
  ['with a password', 'password'],
]);

/** Pure. */
export function seriesOf(status: ServerStatus, own: ProcessFigures): readonly Series[] {
  const { figures, tallies, threads, connections, moving, disk, bus, audit } = status;
  const kinds = ['session', 'lane', 'stranger'] as const;
  const movingVerbs = ['download', 'upload'] as const;
  const isFile = (verb: string): boolean => movingVerbs.some((known) => known === verb);
  return [
    gauge('ferry_build_info', 'Always 1; the version is its label.', 1, { version: packageJson.version }),
    counter('process_cpu_seconds_total', 'Processor time of all threads.', own.cpuSeconds),
    gauge('process_resident_memory_bytes', 'Memory that the process takes.', own.residentBytes),
    gauge('process_start_time_seconds', 'When it was started, since 1970.', status.sinceMs / 1000),
    {
      ...gauge('ferry_connections', 'Open connections: people, their lanes, and who is not logged in.'),
      values: kinds.map((kind) => ({
        labels: { kind },
        value: connections.filter((one) => one.kind === kind).length,
      })),
    },
    counted('ferry_logins_total', 'Logins, by their way.', 'way', tallies.logins, (by) => ways.get(by)),
    counted(
      'ferry_refusals_total',
      'Connections that were not let in, by error code.',
      'code',
      tallies.refusals,
      (code) => (isCodeName(code) ? code : undefined),
    ),
    counter(
      'ferry_turned_away_total',
      'Sockets closed unheard, as there were too many or it was going down.',
      status.turnedAway,
    ),
    gauge('ferry_barred_addresses', 'Addresses that are kept out now.', status.barred.length),
    {
      ...counter('ferry_requests_total', 'Messages answered, by verb and result.'),
      values: figures.verbs.flatMap(({ verb, results: counts }) =>
        results
          .filter((result) => counts[result] > 0)
          .map((result) => ({ labels: { verb, result }, value: counts[result] })),
      ),
    },
    requestDurations(figures.verbs),
    {
      ...counter('ferry_received_bytes_total', 'Bytes of messages from clients, by verb.'),
      values: figures.verbs.map(({ verb, received }) => ({ labels: { verb }, value: received })),
    },
    {
      ...counter('ferry_sent_bytes_total', 'Bytes of messages to clients, by verb.'),
      values: figures.verbs.map(({ verb, sent }) => ({ labels: { verb }, value: sent })),
    },
    counter('ferry_rate_waits_total', 'Waits that a rate of an account made.', figures.waits),
    counter('ferry_rate_wait_seconds_total', 'Time of these waits.', figures.waitedMs / 1000),
    counter('ferry_files_sent_total', 'Files that were downloaded whole.', tallies.filesSent),
    counter('ferry_files_received_total', 'Files that were uploaded whole.', tallies.filesReceived),
    counter('ferry_troubles_total', 'Errors that the owner should look at.', tallies.troubles),
    {
      ...gauge('ferry_moving', 'Files on their way, by lane, and long works.'),
      values: [
        ...movingVerbs.map((verb) => ({
          labels: { verb },
          value: moving.filter((one) => one.verb === verb).length,
        })),
        { labels: { verb: 'work' }, value: moving.filter(({ verb }) => !isFile(verb)).length },
      ],
    },
    gauge('ferry_workers', 'Worker threads that live.', status.workers),
    gauge('ferry_workers_wanted', 'Worker threads that there should be.', status.wantedWorkers),
    counter('ferry_worker_restarts_total', 'Workers that died and were replaced.', status.restarts),
    perThread('ferry_thread_connections', 'Connections of a worker.', 'gauge', (one) => one.connections),
    perThread(
      'ferry_thread_busy_seconds_total',
      'Time in which a worker did not wait for something to do.',
      'counter',
      (one) => one.activeMs / 1000,
    ),
    perThread(
      'ferry_thread_cpu_seconds_total',
      'Processor time of a worker.',
      'counter',
      (one) => one.workedMs / 1000,
    ),
    gauge('ferry_draining', '1 while it is going down.', status.isDraining ? 1 : 0),
    ...(disk === undefined
      ? []
      : [
          gauge('ferry_disk_free_bytes', 'Room on the file system of the folder.', disk.free),
          gauge('ferry_disk_size_bytes', 'Size of the file system of the folder.', disk.total),
        ]),
    ...(bus === undefined
      ? []
      : [
          gauge('ferry_bus_whole', '1 while the other servers are reached.', bus.isWhole ? 1 : 0),
          gauge('ferry_bus_servers', 'Other servers that are there.', bus.others.length),
        ]),
    ...(audit === undefined
      ? []
      : [
          counter('ferry_audit_lines_total', 'Lines for the audit log.', audit.lines),
          counter('ferry_audit_lost_total', 'Lines that could not be written and are gone.', audit.lost),
          gauge('ferry_audit_waiting_bytes', 'What waits to be written to it.', audit.waitingBytes),
        ]),
  ].filter(({ values }) => values.length > 0);

  function perThread(
    name: string,
    help: string,
    type: 'gauge' | 'counter',
    pick: (one: (typeof threads)[number]) => number,
  ): Series {
    const values = threads.map((one) => ({ labels: { thread: one.index }, value: pick(one) }));
    return { name, help, type, values };
  }
}

function gauge(name: string, help: string, value = 0, labels: Labels = {}): Series {
  return { name, help, type: 'gauge', values: [{ labels, value }] };
}

function counter(name: string, help: string, value = 0): Series {
  return { name, help, type: 'counter', values: [{ labels: {}, value }] };
}

/** A counter for each name that `known` has a label for; all others together are `other`. */
function counted(
  name: string,
  help: string,
  label: string,
  counts: Readonly<Record<string, number>>,
  known: (name: string) => string | undefined,
): Series {
  const sums = new Map<string, number>();
  for (const [one, count] of Object.entries(counts)) {
    const value = known(one) ?? 'other';
    sums.set(value, (sums.get(value) ?? 0) + count);
  }
  return {
    ...counter(name, help),
    values: [...sums].map(([value, sum]) => ({ labels: { [label]: value }, value: sum })),
  };
}

function requestDurations(verbs: readonly VerbFigures[]): Series {
  return {
    name: 'ferry_request_duration_seconds',
    help: 'From a message to its answer, waits for the client included.',
    type: 'histogram',
    values: verbs.flatMap(({ verb, durations, seconds }) => histogram(verb, durations, seconds)),
  };
}

function histogram(verb: string, durations: readonly number[], seconds: number): readonly Value[] {
  const metricName = 'ferry_request_duration_seconds';
  let sum = 0;
  const buckets = durations.map((count, i) => {
    sum += count;
    const labels = { le: durationBounds[i] ?? '+Inf', verb };
    return { labels, value: sum, metricName: `${metricName}_bucket` };
  });
  return [
    ...buckets,
    { labels: { verb }, value: seconds, metricName: `${metricName}_sum` },
    { labels: { verb }, value: sum, metricName: `${metricName}_count` },
  ];
}
