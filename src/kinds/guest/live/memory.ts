import { formatQuantity } from "../../../model/quantity.ts";
import { type LiveField, live } from "./live.ts";

/** Memory changes by the balloon, up to what the guest was started with. */
export const liveMemory: LiveField = live((libvirt, { want, spec }) => libvirt.setRunningMemory(spec.uuid, Number(want)))
  .when(({ want, spec }, { active }) => {
    const most = Number(active["max_memory"] ?? active["memory"] ?? 0);
    // The memory of a container is a limit of its cgroup.
    if (spec.virtType === "lxc") return Number(want) <= most || `it has at most ${formatQuantity(most)}`;
    if (active["balloon"] === undefined || /^none/.test(String(active["balloon"]))) return "it has no balloon";
    return Number(want) <= most || `it has at most ${formatQuantity(most)}`;
  })
  .otherwise("next_boot");
