import type { Context } from "../../model/context.ts";
import { RefusedError } from "../../model/errors.ts";
import { instanceFiles } from "../../model/layout.ts";
import { shellWord } from "../../model/shell-word.ts";
import { type DomainPower, libvirtOf } from "../../tools/libvirt/libvirt.ts";
import type { DomainRef } from "../power/plan.ts";
import { whyPaused } from "../power/why-paused.ts";
import { hasConsoleLog } from "./container/has-console-log.ts";
import { domainOwner } from "./state.ts";
import { waitForPower } from "./wait.ts";

/** Limit for a start until the guest runs. Nova has none (BLD-17); a hypervisor that hangs must be reported. */
const startMs = 60_000;
/** Waits until the guest runs, or has another of the wanted states. A state that it cannot leave by itself fails at once. */
export async function expectUp(
  context: Context,
  { uuid, instance }: DomainRef,
  wanted: readonly DomainPower[] = ["running"],
): Promise<void> {
  const began = performance.now();
  let seen = "its last state was absent";
  const reached = await waitForPower(libvirtOf(context), uuid, wanted, {
    withinMs: startMs,
    signal: context.signal,
    onSeen: (power, reason) => {
      const by = whyPaused({ power, reason });
      seen = by === null ? `its last state was ${power}${reason === "unknown" ? "" : ` (${reason})`}` : `it was paused by ${by}`;
      return by !== null || power === "stopped" || power === "crashed" ? "hopeless" : undefined;
    },
  });
  if (reached !== undefined) return;
  const name = await nameOf(context, { uuid, instance });
  const where = context.layout.instanceFile(uuid, instanceFiles.console);
  throw new RefusedError(
    "guest-not-running",
    `${instance} is not running ${Math.ceil((performance.now() - began) / 1000)} s after its start; ${seen}`,
    hasConsoleLog(context)
      ? `See its console log ${where} and the qemu log /var/log/libvirt/qemu/${name}.log. \`virsh domblkerror ${shellWord(name)}\` names a disk with an I/O error.`
      : `Its init has ended or did not start; /var/log/libvirt/lxc/${name}.log says why. The program that init names must be in the root file system and keep running.`,
  );
}

/** The name that libvirt knows the domain by: an adopted guest has one of its own, and one that runs keeps its earlier name. */
async function nameOf(context: Context, { uuid, instance }: Pick<DomainRef, "uuid" | "instance">): Promise<string> {
  const xml = await libvirtOf(context)
    .definition(uuid)
    .catch(() => undefined);
  return xml === undefined ? instance : domainOwner(xml).name;
}
