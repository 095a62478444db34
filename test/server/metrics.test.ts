/** What a server counts, and how it is told: figures in shared memory, Prometheus' text, health. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import { Code, FerryError } from '@ferry/protocol';
import { list, stat } from '@ferry/protocol/messages';
import { Kind } from '@ferry/protocol/wire';
import { parseMetrics } from '../../packages/server/src/config.ts';
import { healthOf } from '../../packages/server/src/metrics/health.ts';
import {
  durationBounds,
  figuresIn,
  Meters,
  newMeterMemory,
  resultOf,
} from '../../packages/server/src/metrics/meters.ts';
import { logInto, newDevice, openLane, readWhole, tokenOf } from '../support/client.ts';
import { withCode } from '../support/code.ts';
import { path, scratchFolder } from '../support/scratch.ts';
import { startServer } from '../support/server.ts';

describe('meters', () => {
  it('add up what the workers have counted, each by verb, result and duration', () => {
    const memory = newMeterMemory(2);
    const [one, two] = [new Meters(memory, 1), new Meters(memory, 2)];
    one.received(Kind.list, 10);
    one.served(Kind.list, 0.4, undefined);
    two.received(Kind.list, 20);
    two.served(Kind.list, 3, new FerryError(Code.NOT_FOUND, 'not there'));
    two.sent(Kind.read, 1000);
    two.served(Kind.read, 60_000, undefined);
    two.waited(250);
    const { verbs, received, sent, waits, waitedMs } = figuresIn(memory);
    assert.deepEqual([received, sent, waits, waitedMs], [30, 1000, 1, 250]);
    assert.deepEqual(
      verbs.map(({ verb }) => verb),
      ['list', 'read'],
    );
    const [list, read] = verbs;
    assert.deepEqual(list?.results, { ok: 1, refused: 0, cancelled: 0, failed: 1, broken: 0 });
    assert.deepEqual(list?.durations, [1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
    assert.ok(Math.abs((list?.seconds ?? 0) - 0.0034) < 1e-9);
    assert.equal(read?.durations.at(-1), 1);
    assert.equal(read?.durations.length, durationBounds.length + 1);
  });

  it('go on where a worker that died had left them', () => {
    const memory = newMeterMemory(1);
    new Meters(memory, 1).served(Kind.stat, 1, undefined);
    new Meters(memory, 1).served(Kind.stat, 1, undefined);
    assert.equal(figuresIn(memory).verbs[0]?.results.ok, 2);
  });

  it('count kinds that nobody knows as one, so that a peer makes no series', () => {
    const memory = newMeterMemory(1);
    const meters = new Meters(memory, 1);
    for (const kind of [0xf0, 0xf1, 0xff]) meters.received(kind, 1);
    assert.deepEqual(
      figuresIn(memory).verbs.map(({ verb, received }) => [verb, received]),
      [['other', 3]],
    );
  });

  it('tell apart what is refused, given up, answered with a no, and broken', () => {
    const of = (code: Code): string => resultOf(new FerryError(code, 'x'));
    assert.equal(resultOf(undefined), 'ok');
    assert.deepEqual(
      [Code.FORBIDDEN, Code.QUOTA, Code.CANCELLED, Code.NOT_FOUND, Code.EXISTS, Code.NO_SPACE].map(of),
      ['refused', 'refused', 'cancelled', 'failed', 'failed', 'broken'],
    );
  });
});

type Sample = {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
};

/** Prometheus' text format, as strictly as its documentation has it: what promtool would refuse throws. */
function parse(exposition: string): {
  readonly samples: readonly Sample[];
  readonly types: Map<string, string>;
} {
  assert.ok(exposition.endsWith('\n'), 'the last line has no end');
  const types = new Map<string, string>();
  const helped = new Set<string>();
  const seen = new Set<string>();
  const samples: Sample[] = [];
  for (const line of exposition.trimEnd().split('\n')) {
    if (line === '') continue;
    const help = /^# HELP ([a-z_]+) (\S.*)$/.exec(line);
    const type = /^# TYPE ([a-z_]+) (counter|gauge|histogram)$/.exec(line);
    const sample = /^([a-z_]+)(?:\{((?:[a-z]+="[^"\\\n]*",?)*)\})? (\S+)$/.exec(line);
    if (help?.[1] !== undefined) helped.add(help[1]);
    else if (type?.[1] !== undefined) {
      assert.ok(!types.has(type[1]), `${type[1]} comes twice`);
      types.set(type[1], type[2] ?? '');
    } else {
      assert.ok(sample, `no sample: ${line}`);
      const [, name = '', labels = '', value = ''] = sample;
      const family = types.has(name) ? name : name.replace(/_(bucket|sum|count)$/, '');
      assert.ok(types.has(family) && helped.has(family), `${name} was not announced`);
      assert.ok(!seen.has(`${name}{${labels}}`), `${line} comes twice`);
      seen.add(`${name}{${labels}}`);
      assert.ok(Number.isFinite(Number(value)), line);
      const pairs = [...labels.matchAll(/([a-z]+)="([^"]*)"/g)].map(([, key = '', of = '']) => [key, of]);
      samples.push({ name, labels: Object.fromEntries(pairs), value: Number(value) });
    }
  }
  return { samples, types };
}

type Said = { readonly code: number; readonly body: string; readonly type: string };

function ask(base: string, where: string, method = 'GET'): Promise<Said> {
  return new Promise((resolve, reject) => {
    const asking = request(`${base}${where}`, { method, agent: false }, (response) => {
      void text(response).then((body) =>
        resolve({ code: response.statusCode ?? 0, body, type: response.headers['content-type'] ?? '' }),
      );
    });
    asking.on('error', reject);
    asking.end();
  });
}

describe('ferryd --metrics', () => {
  it('tells figures that a parser and promtool take, and names nobody', async (t) => {
    const dir = scratchFolder(t);
    writeFileSync(join(dir, 'secret-name'), Buffer.alloc(3_000_000, 'x'));
    const args = ['--threads', '1', '--metrics', '127.0.0.1:0'];
    const server = await startServer(t, { dir, args });
    const base = server.said(/^metrics at (http:\S+)\/metrics$/);
    const session = await logInto(server, { device: newDevice(), token: tokenOf(server.invite) });
    await session.channel.call(list, { path: [] });
    await assert.rejects(session.channel.call(stat, { path: path('nothing') }), withCode('NOT_FOUND'));
    const lane = await openLane(server, session);
    await readWhole(lane, path('secret-name'));
    await assert.rejects(logInto(server), withCode('AUTH_REQUIRED'));
    await server.logged(/refused/);
    const { code, body, type } = await ask(base, '/metrics');
    assert.deepEqual([code, type], [200, 'text/plain; version=0.0.4; charset=utf-8']);
    const { samples, types } = parse(body);
    const value = (name: string, labels: Record<string, string> = {}): number | undefined =>
      samples.find(
        (one) => one.name === name && Object.entries(labels).every(([key, of]) => one.labels[key] === of),
      )?.value;
    assert.equal(value('ferry_logins_total', { way: 'invite' }), 1);
    assert.equal(value('ferry_refusals_total', { code: 'AUTH_REQUIRED' }), 1);
    assert.equal(value('ferry_requests_total', { verb: 'stat', result: 'failed' }), 1);
    assert.equal(value('ferry_requests_total', { verb: 'list', result: 'ok' }), 1);
    assert.ok((value('ferry_sent_bytes_total', { verb: 'read' }) ?? 0) >= 3_000_000);
    assert.equal(value('ferry_request_duration_seconds_bucket', { verb: 'list', le: '+Inf' }), 1);
    assert.equal(value('ferry_request_duration_seconds_count', { verb: 'list' }), 1);
    assert.equal(value('ferry_connections', { kind: 'lane' }), 1);
    assert.equal(value('ferry_files_sent_total'), 1);
    assert.equal(value('ferry_workers'), 1);
    assert.ok((value('ferry_disk_free_bytes') ?? 0) > 0);
    assert.equal(types.get('ferry_request_duration_seconds'), 'histogram');
    for (const hidden of ['secret-name', session.welcome.user, '127.0.0.1', dir]) {
      assert.ok(!body.includes(hidden), `${hidden} is in the figures`);
    }
    const sums = samples.filter(({ name }) => name === 'ferry_request_duration_seconds_bucket');
    for (let i = 1; i < sums.length; i++) {
      const [before, now] = [sums[i - 1], sums[i]];
      if (before?.labels['verb'] === now?.labels['verb'])
        assert.ok((before?.value ?? 0) <= (now?.value ?? 0));
    }
    const health = await ask(base, '/health');
    assert.deepEqual([health.code, JSON.parse(health.body)], [200, { status: 'ok', reasons: [] }]);
    for (const channel of [session.channel, lane]) channel.close();

    await t.test('promtool finds nothing to complain about', (sub) => {
      const checked = spawnSync('promtool', ['check', 'metrics'], { input: body, encoding: 'utf8' });
      if ((checked.error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') {
        sub.skip('promtool is not installed');
        return;
      }
      assert.deepEqual([checked.status, checked.stdout, checked.stderr], [0, '', '']);
    });

    await t.test('answers nothing else, and outlives whoever asks badly', async () => {
      assert.equal((await ask(base, '/')).code, 404);
      assert.equal((await ask(base, '/metrics', 'POST')).code, 405);
      assert.deepEqual(await ask(base, '/metrics?x=1', 'HEAD').then(({ code, body }) => [code, body]), [
        200,
        '',
      ]);
      const { port } = new URL(base);
      const bad = connect(Number(port), '127.0.0.1');
      bad.on('error', () => {});
      bad.end(`GET /metrics HTTP/1.1\r\nx: ${'y'.repeat(100_000)}\r\n\r\n`);
      await new Promise((resolve) => bad.on('close', resolve));
      const crowd = await Promise.allSettled(Array.from({ length: 60 }, () => ask(base, '/metrics')));
      assert.ok(crowd.some(({ status }) => status === 'fulfilled'));
      // Places are free again as soon as the crowd has gone.
      const after = async (): Promise<Said> => ask(base, '/health').catch(() => after());
      assert.equal((await after()).code, 200);
    });

    await t.test('says what is wrong where something is', async () => {
      rmSync(dir, { recursive: true });
      const { code, body } = await ask(base, '/health');
      assert.deepEqual(
        [code, JSON.parse(body)],
        [503, { status: 'failing', reasons: ['the shared folder cannot be reached'] }],
      );
    });
  });

  it('keeps figures on this machine unless told otherwise', () => {
    assert.deepEqual(parseMetrics(':9377', false), { host: '127.0.0.1', port: 9377, optional: false });
    for (const mine of ['127.0.0.1:1', '127.9.9.9:1', '[::1]:1', 'localhost:1']) parseMetrics(mine, false);
    for (const open of ['0.0.0.0:1', '[::]:1', '10.0.0.1:1', 'example.org:1', '127.example.org:1']) {
      assert.throws(() => parseMetrics(open, false), withCode('USAGE'), open);
      parseMetrics(open, true);
    }
    for (const senseless of ['', '127.0.0.1', '127.0.0.1:', ':99999', 'a b:1']) {
      assert.throws(() => parseMetrics(senseless, true), withCode('USAGE'), senseless);
    }
  });

  it('is not well while workers are dead, the disk is full or it goes down', () => {
    const well = {
      workers: 2,
      wantedWorkers: 2,
      isDraining: false,
      folder: '/srv/files',
      disk: { free: 2 ** 40, total: 2 ** 41 },
      audit: undefined,
    };
    const reasons = (more: Partial<Parameters<typeof healthOf>[0]>): readonly string[] =>
      healthOf({ ...well, ...more }).reasons;
    assert.deepEqual(healthOf(well), { isWell: true, reasons: [] });
    assert.deepEqual(reasons({ workers: 1 }), ['1 of 2 worker threads are dead and not back yet']);
    assert.deepEqual(reasons({ isDraining: true, workers: 0 }), ['it is going down']);
    assert.deepEqual(reasons({ disk: { free: 1000, total: 2 ** 40 } }), ['the disk is nearly full']);
    assert.deepEqual(reasons({ disk: { free: 2 ** 29, total: 2 ** 30 } }), []);
    assert.deepEqual(reasons({ disk: undefined }), ['the shared folder cannot be reached']);
    assert.deepEqual(reasons({ folder: 's3://films/new', disk: undefined }), []);
  });
});
