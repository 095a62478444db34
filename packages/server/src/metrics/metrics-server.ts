/**
 * `--metrics HOST:PORT`: `/metrics` for Prometheus and `/health` for whoever looks whether a server lives. It changes nothing and
 * reads nothing but the first line of a request. Main thread, as the accepting of connections is: so many questions at once, and
 * all that wait share one look at the workers.
 */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { FerryError } from '@ferry/protocol';
import type { ListenAddress } from '../config.ts';
import { type Listener, listenOnAll } from '../supervisor/listen.ts';
import type { ServerStatus } from '../supervisor/status.ts';
import { healthOf } from './health.ts';

/** Connections at once; a scraper needs one. */
const mostSockets = 16;
/** A question may take so long to come, milliseconds. */
const questionMs = 5000;

type Answer = { readonly code: number; readonly type: string; readonly text: string };

/** @param status undefined: it is not up yet. @throws {FerryError} CONFIG */
export async function openMetrics(
  address: ListenAddress,
  status: () => Promise<ServerStatus> | undefined,
): Promise<Listener> {
  const shared = sharing(status);
  const http = createServer(
    {
      requestTimeout: questionMs,
      headersTimeout: questionMs,
      keepAliveTimeout: questionMs,
      connectionsCheckingInterval: questionMs,
      maxHeaderSize: 8192,
    },
    (request, response) => {
      void answer(request, shared).then((said) => say(request, response, said));
    },
  );
  http.on('clientError', (_error, socket) => socket.destroy());
  const sockets = new Set<Socket>();
  const [listener] = await listenOnAll(
    [address],
    (socket) => {
      socket.on('error', () => {});
      if (sockets.size >= mostSockets) {
        socket.destroy();
        return;
      }
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      http.emit('connection', socket);
      socket.resume();
    },
    '--metrics',
  );
  if (listener === undefined) throw new Error('listening without a listener');
  return {
    ...listener,
    close: () => {
      listener.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** Who asks while somebody else's question is under way gets the same answer. */
function sharing<T>(ask: () => Promise<T> | undefined): () => Promise<T> | undefined {
  let asking: Promise<T> | undefined;
  return () => {
    asking ??= ask()?.finally(() => {
      asking = undefined;
    });
    return asking;
  };
}

async function answer(
  { method, url = '' }: IncomingMessage,
  status: () => Promise<ServerStatus> | undefined,
): Promise<Answer> {
  if (method !== 'GET' && method !== 'HEAD') return plain(405, 'only GET and HEAD are answered\n');
  const path = url.split('?', 1)[0];
  if (path !== '/metrics' && path !== '/health') return plain(404, 'there are /metrics and /health\n');
  try {
    const now = await status();
    if (path === '/health') return health(now);
    if (now === undefined) return plain(503, 'it is starting\n');
    const { expositionOf } = await import('./exposition.ts');
    const { user, system } = process.cpuUsage();
    const own = { cpuSeconds: (user + system) / 1e6, residentBytes: process.memoryUsage.rss() };
    return {
      code: 200,
      type: 'text/plain; version=0.0.4; charset=utf-8',
      text: await expositionOf(now, own),
    };
  } catch (error) {
    if (!(error instanceof FerryError)) throw error;
    return plain(503, `${error.message}\n`);
  }
}

function health(status: ServerStatus | undefined): Answer {
  const { isWell, reasons } =
    status === undefined ? { isWell: false, reasons: ['it is starting'] } : healthOf(status);
  const text = `${JSON.stringify({ status: isWell ? 'ok' : 'failing', reasons })}\n`;
  return { code: isWell ? 200 : 503, type: 'application/json', text };
}

function plain(code: number, text: string): Answer {
  return { code, type: 'text/plain; charset=utf-8', text };
}

function say(request: IncomingMessage, response: ServerResponse, { code, type, text }: Answer): void {
  response.on('error', () => {});
  response.writeHead(code, {
    'content-type': type,
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...(code === 405 ? { allow: 'GET, HEAD' } : {}),
  });
  response.end(request.method === 'HEAD' ? undefined : text);
}
