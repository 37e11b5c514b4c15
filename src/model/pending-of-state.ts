import type { Address } from "./address.ts";
import type { Json } from "./json.ts";
import type { Pending } from "./plan.ts";

/** What an object as `describe` gives it says about waiting for a restart; undefined when it does not wait. */
export function pendingOfState(address: Address, state: Json): Pending | undefined {
  const pending = (state as { readonly pending?: Readonly<Record<string, { readonly active: Json; readonly stored: Json }>> } | null)
    ?.pending;
  if (pending === undefined || typeof pending !== "object") return undefined;
  const fields = Object.entries(pending).map(([path, { active, stored }]) => ({
    path,
    ...(active === null ? {} : { old: active }),
    ...(stored === null ? {} : { new: stored }),
  }));
  return { address, fields };
}
