import type { Action } from "../../../src/model/action.ts";
import type { Address } from "../../../src/model/address.ts";

/** An action for tests: its id, and whatever of it matters. */
export function action(id: string, fields: Partial<Action>): Action {
  const address = id.slice(0, id.indexOf("#")) as Address;
  return { id, type: "test", address, summary: id, args: {}, needs: [], makes: [], locks: [], effect: "none", ...fields };
}
