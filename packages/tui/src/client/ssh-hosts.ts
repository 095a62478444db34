/** Names from the user's OpenSSH configuration, as suggestions on the connect screen. Only the names are read. Pure. */

export type SshHost = {
  readonly name: string;
  /** Where it is: its HostName, or the name itself. */
  readonly host: string;
};

/** A longer file is somebody else's list. */
const mostHosts = 200;

/** Patterns and what is negated are no hosts; `Include` and `Match` are not followed. */
export function sshHosts(config: string): readonly SshHost[] {
  const hosts = new Map<string, string>();
  let names: readonly string[] = [];
  for (const line of config.split('\n')) {
    const [, key = '', value = ''] = /^\s*([A-Za-z]+)(?:\s*=\s*|\s+)"?([^"#]*?)"?\s*$/.exec(line) ?? [];
    switch (key.toLowerCase()) {
      case 'host':
        names = value.split(/\s+/).filter((name) => /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name));
        for (const name of names) if (hosts.size < mostHosts && !hosts.has(name)) hosts.set(name, name);
        break;
      case 'match':
        names = [];
        break;
      case 'hostname':
        // The first value counts, as with ssh; %h stands for the name.
        for (const name of names) {
          if (hosts.get(name) === name) hosts.set(name, value.replaceAll('%h', name));
        }
        break;
    }
  }
  return [...hosts].map(([name, host]) => ({ name, host }));
}
