import type { Change } from "../model/change.ts";
import type { Observed } from "../model/observed.ts";
import type { Config } from "./config.ts";
import { driftEdits } from "./instance/drift-edits.ts";
import { networkDriftEdits } from "./network/drift-edits.ts";
import type { FoundDrift } from "./terms/drift-edit.ts";
import { networks } from "./terms/network-address.ts";

/** What has to be written so that the drift that a plan found, of whatever kind, is the wanted state. Pure. */
export function acceptedDrift(changes: readonly Change[], config: Config, observed: Observed): FoundDrift {
  const [own, others] = [true, false].map((isNetwork) => changes.filter(({ address }) => networks.owns(address) === isNetwork));
  const found = [networkDriftEdits(own ?? [], config, observed), driftEdits(others ?? [], config, observed)];
  return { edits: found.flatMap(({ edits }) => edits), left: found.flatMap(({ left }) => left) };
}
