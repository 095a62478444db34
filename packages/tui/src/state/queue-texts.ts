/**
 * What the queue, its jobs and their questions say to the user: part of the catalogue in texts.ts. What comes from elsewhere (names,
 * keys, errors) comes in as `Shown`. Pure; UI thread.
 */

import { type Shown, trusted } from '@ferry/protocol';
import type { JobPhase } from '../engine/job.ts';
import type { AnswerScope, ConflictPolicy, SkipWhy } from '../transfer/conflict.ts';

const say = trusted;

function these(jobs: number): string {
  return jobs === 1 ? 'this job' : `${jobs} jobs`;
}

export const queueTexts = {
  title: 'Queue',
  view: (view: string) => `Queue: ${view}`,
  allPaused: (active: number) => (active > 0 ? `all ${active} paused` : 'all paused'),
  asking: (jobs: number) => `${jobs} asking`,
  marked: (jobs: number) => `${jobs} marked`,
  timetable: 'timetable',
  movedElsewhere: 'another ferry moves',
  allJobs: 'All jobs',
  speed: 'Speed',

  isOver: say('this job is over'),
  isOverAlready: say('this job is over already'),
  notFailed: say('only what failed can be tried again'),
  names: (first: Shown, jobs: number) => (jobs === 1 ? say(`${first}.`) : say(`${jobs} jobs.`)),
  cancel: say('Cancel?'),
  cancelled: say('What is not complete is removed.'),
  overwrite: say('Try again and overwrite?'),
  overwritten: say('Files of the same name that are there are replaced.'),
  clear: say('Clear?'),
  clearFailed: (failed: number) =>
    say(`${failed === 1 ? 'One job has' : `${failed} jobs have`} failed, and could be tried again.`),
  cleared: say('All that is over is forgotten.'),
  quit: say('Quit?'),
  notFinished: (running: number) =>
    say(`${running === 1 ? 'one job is' : `${running} jobs are`} not finished.`),
  goOnLater: say('They stay in the queue, and go on where they were with the next ferry.'),
  worksEnd: (works: number) =>
    say(
      `${works === 1 ? 'What the server is doing ends' : `${works} things that servers are doing end`} with it, unfinished.`,
    ),
  notSaved: (name: Shown, place: Shown) => say(`${name} is not saved on the server. Yours stays as ${place}`),
  limitOf: (jobs: number) => say(`Most bytes a second for ${these(jobs)}`),
  limitOfAll: say('Most bytes a second for all jobs together'),
  limitLike: say('512k, 1.5M'),
  uploads: say('Uploads'),
  downloads: say('Downloads'),
  timetableLine: say('Timetable'),
  /** For the bell, when a long queue is over. */
  done: (done: number, failed: number) => {
    const jobs = done === 1 ? 'one job is done' : `${done} jobs are done`;
    return say(failed === 0 ? jobs : `${failed} failed, ${jobs}`);
  },
} as const;

/** A job's row, and what is told of one. */
export const jobTexts = {
  nameTaken: 'that name is taken: Enter answers',
  cancelled: 'cancelled',
  paused: 'paused',
  waiting: 'waiting',
  files: (files: number) => `${files} files`,
  failed: (files: number) => (files > 1 ? `${files} files failed; first: ` : ''),
  overwrites: '; o overwrites',
  title: 'Job',
  gone: 'this job is gone',
  server: (path: Shown) => `server: /${path}`,
  here: (path: Shown) => `here: /${path}`,
  /** Of a job between two of them. */
  serverOf: (server: Shown, path: Shown) => `${server}: /${path}`,
  otherServer: (path: Shown) => `other server: /${path}`,
  labels: {
    from: 'From',
    to: 'To',
    state: 'State',
    moved: 'Moved',
    files: 'Files',
    server: 'Server',
    added: 'Added',
    ended: 'Ended',
    moving: 'Moving',
    priority: 'Priority',
    limit: 'Limit',
    digest: 'BLAKE3',
  },
  phase: (phase: JobPhase) => phase,
  moved: (done: string, total: string, walked: boolean) =>
    `${done} of ${total}${walked ? '' : ' found so far'}`,
  filesDone: (done: number, total: number, skipped: number, failed: number) =>
    `${done} of ${total}${skipped > 0 ? `, ${skipped} skipped` : ''}${failed > 0 ? `, ${failed} failed` : ''}`,
  movingFor: (seconds: number, speed: string) => `for ${seconds} s, at ${speed} on average`,
  notKept: 'Not kept',
  more: (many: number) => `and ${many} more`,
} as const;

type Answerable = Exclude<ConflictPolicy, 'ask' | 'fail'>;

const labels: Readonly<Record<Answerable, string>> = {
  overwrite: 'Overwrite',
  newer: 'Newer',
  'size-differs': 'Size differs',
  'content-differs': 'Content differs',
  resume: 'Resume',
  'keep-both': 'Keep both',
  skip: 'Skip',
};

const scopes: Readonly<Record<AnswerScope, string>> = {
  this: 'this one',
  job: 'all of this job',
  'all-uploads': 'all uploads',
  'all-downloads': 'all downloads',
};

const skipped: Readonly<Record<SkipWhy, string>> = {
  policy: '',
  'not-newer': ': this is not newer',
  'same-size': ': same size',
  'same-content': ': same content',
};

/** The question about a name that is taken. */
export const conflictTexts = {
  exists: 'That name is taken',
  otherKind: (isFolder: boolean) => `${isFolder ? 'A folder' : 'Something else'} of that name is there`,
  empty: 'This file is empty, and the one there is not',
  larger: 'The file there is larger: it is no part of this one',
  moreAsk: (jobs: number) => `${jobs} more ${jobs === 1 ? 'job asks' : 'jobs ask'}`,
  labels: {
    from: 'From',
    to: 'To',
    size: 'Size',
    kind: 'Kind',
    modified: 'Modified',
    content: 'Content',
    scope: 'For',
  },
  sides: ['this one', 'the one there'],
  narrowSides: ['this', 'there'],
  same: 'same',
  isLarger: 'larger',
  isNewer: 'newer',
  sameContent: 'the same',
  otherContent: 'differs',
  kinds: { file: 'file', folder: 'folder', other: 'link or other' },
  answers: labels,
  scopes,
  resumes: 'goes on with what is there',
  replaces: 'replaces the one there',
  renames: 'stores this one under another name',
  compares: 'compares them, and replaces it if they differ',
  skips: (why: SkipWhy) => `leaves the one there${skipped[why]}`,
  asks: 'asks again',
  chooseFirst: say('choose an answer first, with ↑ ↓ or its letter'),
  postponed: (jobs: number, queue: Shown) =>
    say(`${jobs === 1 ? 'that job waits' : `${jobs} jobs wait`}; Enter in the queue (${queue}) asks again`),
} as const;
