/**
 * Long work, with every path held against what the account may do there: before it begins, between its slices, and before anything
 * gets its name. What changes a whole tree needs its right throughout; what only looks leaves out what may not be seen. Part of
 * with-rights.ts; worker threads.
 */

import { Code, EntryKind, FerryError, type Path } from '@ferry/protocol';
import { Work } from '@ferry/protocol/disk';
import type { GraftSpec, Trashed, Works } from '../storage/works.ts';
import { may, maySomewhere, type Right, type Rights } from './rights.ts';

export type RightsHere = {
  /** @throws {FerryError} FORBIDDEN, READ_ONLY, NOT_FOUND */
  readonly check: (right: Right, path: Path, throughout?: boolean) => void;
  readonly now: () => Rights;
  readonly root: Path;
};

export function worksWithRights(works: Works, { check, now, root }: RightsHere): Works {
  /** Now, and for as long as the work goes on. */
  const hold = (work: Work, ask: () => void): void => {
    ask();
    work.guard(ask);
  };
  /** Of a tree, what the right is there for, and the way to it. */
  const look = (work: Work, right: Right, path: Path): void => {
    hold(work, () => {
      if (!maySomewhere(now(), right, path)) check(right, path);
    });
    if (now().rules.length > 0) work.limitTo((one) => maySomewhere(now(), right, one));
  };
  const checkGraft = ({ to, existing }: GraftSpec): void => {
    check('create', to, true);
    check('mkdir', to, true);
    if (existing === 'overwrite') check('overwrite', to, true);
  };
  return {
    copy: async (spec, work) => {
      hold(work, () => {
        check('read', spec.from, true);
        checkGraft(spec);
      });
      return works.copy(spec, work);
    },
    move: async (spec, work) => {
      hold(work, () => {
        check('rename', spec.from, true);
        check('rename', spec.to, true);
        if (spec.existing !== 'fail') checkGraft(spec);
      });
      return works.move(spec, work);
    },
    removeTree: async (path, work) => {
      hold(work, () => check('delete', path, true));
      return works.removeTree(path, work);
    },
    sum: async (path, algorithm, work, rows) => {
      look(work, 'read', path);
      return works.sum(path, algorithm, work, rows);
    },
    usage: async (path, work, rows) => {
      look(work, 'list', path);
      return works.usage(path, work, rows);
    },
    find: async (path, query, most, work, rows) => {
      look(work, query.content === undefined ? 'list' : 'read', path);
      // What may be read but not listed has no name to tell.
      return works.find(path, query, most, work, (hit) => {
        const at = [...path, ...hit.folder, hit.entry.name];
        return query.content === undefined || may(now(), 'list', at) ? rows(hit) : undefined;
      });
    },
    archive: async (path, work, sink) => {
      look(work, 'read', path);
      return works.archive(path, work, sink);
    },
    unpack: async (spec, work) => {
      hold(work, () => {
        check('read', spec.archive);
        check('create', spec.to, true);
        check('mkdir', spec.to, true);
      });
      return works.unpack(spec, work);
    },
    trash: async (path, owner, work) => {
      hold(work, () => check('delete', path, true));
      return works.trash(path, owner, work);
    },
    listTrash: (owner, inside, work, rows) =>
      works.listTrash(owner, inside, work, (trashed) =>
        may(now(), 'list', trashed.path) ? rows(trashed) : undefined,
      ),
    restore: async (owner, inside, id, to) => {
      const found = await deletion(works, owner, inside, id);
      const target = to ?? found.path;
      check('create', target, true);
      if (found.isReplaced && to === undefined) check('overwrite', target);
      if (found.kind === EntryKind.folder || to === undefined) check('mkdir', target, true);
      return works.restore(owner, inside, id, to);
    },
    emptyTrash: async (owner, inside, ids, work) => {
      hold(work, () => {
        if (!maySomewhere(now(), 'delete', root)) check('delete', root);
      });
      return works.emptyTrash(owner, inside, ids, work);
    },
  };
}

async function deletion(works: Works, owner: string, inside: Path, id: string): Promise<Trashed> {
  const found: Trashed[] = [];
  await works.listTrash(owner, inside, new Work(), (trashed) => {
    if (trashed.id === id) found.push(trashed);
  });
  const [first] = found;
  if (first === undefined) throw new FerryError(Code.NOT_FOUND, 'that is not in the trash');
  return first;
}
