/** A throw-away nginx that serves a folder over HTTPS, as the peer of curl and aria2. */

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as rest } from 'node:timers/promises';
import { has, must } from './measure.ts';
import { freePort } from './sshd.ts';

export type Nginx = {
  /** `https://host:port/name` of a file in the folder. */
  readonly url: (name: string) => string;
  readonly stop: () => void;
};

/** undefined when nginx is not installed. */
export async function startNginx(
  shared: string,
  { host, prefix }: { readonly host: string; readonly prefix: readonly string[] } = {
    host: '127.0.0.1',
    prefix: [],
  },
): Promise<Nginx | undefined> {
  if (!(await has('nginx')) || !(await has('openssl'))) return undefined;
  const folder = mkdtempSync(join(tmpdir(), 'ferry-nginx-'));
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  await must('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'],
    ...['-subj', `/CN=${host}`, '-keyout', key, '-out', cert],
  ]);
  const port = await freePort();
  const config = `
    daemon off; pid ${join(folder, 'pid')}; error_log ${join(folder, 'error')}; worker_processes 2;
    ${process.getuid?.() === 0 ? 'user root;' : ''}
    events { worker_connections 256; }
    http {
      access_log off; sendfile on; default_type application/octet-stream;
      client_body_temp_path ${folder}/a; proxy_temp_path ${folder}/b; fastcgi_temp_path ${folder}/c;
      uwsgi_temp_path ${folder}/d; scgi_temp_path ${folder}/e;
      server { listen ${host}:${port} ssl; ssl_certificate ${cert}; ssl_certificate_key ${key}; root ${shared}; }
    }`;
  writeFileSync(join(folder, 'config'), config);
  const [program, ...args] = [...prefix, 'nginx', '-c', join(folder, 'config')];
  const server: ChildProcess = spawn(program, args, { stdio: 'ignore' });
  await rest(500);
  return {
    url: (name) => `https://${host}:${port}/${name}`,
    stop: () => {
      server.kill('SIGTERM');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
