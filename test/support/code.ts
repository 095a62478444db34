/** Asserting on error codes. */

import assert from 'node:assert/strict';
import { type CodeName, FerryError } from '@ferry/protocol';

/** For `assert.throws` and `assert.rejects`: a FerryError with this code. */
export function withCode(name: CodeName): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof FerryError, `not a FerryError: ${String(error)}`);
    assert.equal(error.codeName, name, error.message);
    return true;
  };
}
