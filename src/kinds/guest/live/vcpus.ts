import { type LiveField, live } from "./live.ts";

/** Processors are added up to what the guest was started with. Guests rarely release one, so fewer wait for the next start. */
export const liveVcpus: LiveField = live((libvirt, { want, spec }) => libvirt.setRunningVcpus(spec.uuid, Number(want)))
  .when(({ want, spec }, { active }) => {
    if (spec.virtType === "lxc") return "libvirt has no way to change it in a container that runs";
    const most = Number(active["max_vcpus"] ?? active["vcpus"] ?? 1);
    if (Number(want) < Number(active["vcpus"] ?? 1)) return "it keeps its vCPUs";
    return Number(want) <= most || `it has at most ${most}`;
  })
  .otherwise("next_boot");
