/** What `ferry doctor` and `ferryd doctor` say about a setup: a line for each thing that was looked at. Pure; both programs. */

import { type Shown, show } from './display.ts';

/** `weak`: it works, and somebody could use that. `bad`: it does not work, or is open to others. */
export type Health = 'ok' | 'weak' | 'bad';

export type Finding = {
  /** What was looked at: one or two words, the same ones always. */
  readonly check: string;
  readonly health: Health;
  /** What is so. */
  readonly says: Shown;
  /** What to do about it; with everything that is not ok. */
  readonly fix?: Shown;
};

export function ok(check: string, says: string): Finding {
  return { check, health: 'ok', says: show(says) };
}

export function weak(check: string, says: string, fix: string): Finding {
  return { check, health: 'weak', says: show(says), fix: show(fix) };
}

export function bad(check: string, says: string, fix: string): Finding {
  return { check, health: 'bad', says: show(says), fix: show(fix) };
}

/** 1 when something is bad. */
export function exitCodeOfFindings(findings: readonly Finding[]): 0 | 1 {
  return findings.some(({ health }) => health === 'bad') ? 1 : 0;
}

/** A line for each, its fix in a line below it, and a last line with the sum; or one JSON object for each. */
export function findingLines(findings: readonly Finding[], json: boolean): string {
  if (json) return findings.map((finding) => `${JSON.stringify(finding)}\n`).join('');
  const lines = findings.flatMap(({ check, health, says, fix }) => [
    `${health.padEnd(5)} ${check.padEnd(14)} ${says}`,
    ...(fix === undefined ? [] : [`${' '.repeat(21)}→ ${fix}`]),
  ]);
  const count = (health: Health): number => findings.filter((finding) => finding.health === health).length;
  return `${[...lines, '', `${count('ok')} ok, ${count('weak')} weak, ${count('bad')} bad`].join('\n')}\n`;
}

/** The oldest Node that both programs are tested with. */
const oldestNode: readonly [number, number] = [24, 21];

/** @param version as process.versions.node */
export function checkNode(version: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const isOld = major < oldestNode[0] || (major === oldestNode[0] && minor < oldestNode[1]);
  return isOld
    ? bad('Node', `this is Node ${version}`, `use Node ${oldestNode.join('.')} or newer`)
    : ok('Node', `this is Node ${version}`);
}

/** Later than any working clock shows. */
const earliestMs = Date.UTC(2026, 0, 1);
const latestMs = Date.UTC(2076, 0, 1);

/** @param isSynced whether the system says so; undefined where it says nothing */
export function checkClock(nowMs: number, isSynced: boolean | undefined): Finding {
  const shown = new Date(nowMs).toISOString();
  if (nowMs < earliestMs || nowMs > latestMs)
    return bad('clock', `the clock says ${shown}`, 'set it: invites expire by it');
  if (isSynced === false)
    return weak('clock', `${shown}, not synchronised`, 'let the system set it: timedatectl set-ntp true');
  return ok('clock', shown);
}

/** @param descriptors that this process may have; @param wanted fewer than this are too few for much work */
export function checkDescriptors(descriptors: number, wanted: number): Finding {
  const says = Number.isFinite(descriptors) ? `${descriptors} open files at most` : 'no limit on open files';
  if (descriptors < 256) return bad('open files', says, 'allow more: ulimit -n 20000, or LimitNOFILE=20000');
  if (descriptors < wanted)
    return weak('open files', says, 'allow more: ulimit -n 20000, or LimitNOFILE=20000');
  return ok('open files', says);
}
