import type { Diagnostic } from "../../../model/diagnostic.ts";
import { problem } from "../../../model/problem.ts";
import type { Checked } from "../../disk/checked.ts";
import { nicName } from "../interfaces.ts";

/** Interfaces with `ready` that an apply cannot wait for. */
export function checkReady({ config }: Pick<Checked, "config">): Diagnostic[] {
  return Object.entries(config.instances ?? {}).flatMap(([entry, instance]) =>
    (instance.networks ?? []).flatMap((nic, index): Diagnostic[] => {
      const detail =
        nic.ready === undefined ? undefined : nic.user === true ? withoutDevice : instance.adopt === true ? withoutLabel : undefined;
      if (detail === undefined) return [];
      const summary = `ready of interface ${nicName(nic, index)} of ${entry} is not possible`;
      return [problem("ready-impossible", { summary, detail, address: `domain/${entry}`, key: ["networks", index, "ready"] })];
    }),
  );
}

const withoutDevice =
  "User-mode networking has no device on the host whose state could be waited for. Remove ready, or connect the interface to a network or a bridge.";
const withoutLabel =
  "virtform keeps no label for an adopted guest, so that a guest which a killed apply left paused could not be told from one that was paused by hand. Remove ready.";
