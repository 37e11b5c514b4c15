import type { Action } from "../../../src/model/action.ts";
import type { Address } from "../../../src/model/address.ts";
import { facts } from "../../support/observed.ts";

/** An action for tests: its id, and whatever of it matters. */
export function action(
  id: string,
  fields: Partial<Omit<Action, "needs" | "makes">> & { readonly needs?: readonly string[]; readonly makes?: readonly string[] },
): Action {
  const address = id.slice(0, id.indexOf("#")) as Address;
  return {
    id,
    type: "test",
    address,
    summary: id,
    args: {},
    locks: [],
    effect: "none",
    ...fields,
    needs: facts(fields.needs),
    makes: facts(fields.makes),
  };
}
