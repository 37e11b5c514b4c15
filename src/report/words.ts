import type { Cause, Verb } from "../model/change.ts";
import type { Effect } from "../model/effect.ts";
import type { Tone } from "./style.ts";

/** The symbol, words and colour of each verb. */
export const verbs: Readonly<Record<Verb, { readonly symbol: string; readonly phrase: string; readonly tone: Tone }>> = {
  create: { symbol: "+", phrase: "will be created", tone: "add" },
  adopt: { symbol: "=", phrase: "will be adopted", tone: "change" },
  update: { symbol: "~", phrase: "will be updated in place", tone: "change" },
  replace: { symbol: "-/+", phrase: "will be replaced", tone: "replace" },
  delete: { symbol: "-", phrase: "will be deleted", tone: "remove" },
};

/** Why there is a difference. */
export const causes: Readonly<Record<Cause, string>> = {
  config: "config changed",
  drift: "host drifted",
  both: "config changed, host drifted",
};

/** What is done to a running guest. */
export const effects: Readonly<Record<Effect, string>> = {
  none: "none",
  live: "live",
  next_boot: "at next boot (cold start)",
  with_restart: "with this restart",
  restart: "restarts the guest",
  rebuild: "rebuilds: disk is lost",
};

/** How strongly to mark an effect. */
export const effectTones: Readonly<Record<Effect, Tone>> = {
  none: "faint",
  live: "add",
  next_boot: "change",
  with_restart: "change",
  restart: "replace",
  rebuild: "remove",
};
