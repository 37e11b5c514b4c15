import type { Context } from "../../model/context.ts";
import type { Diagnostic } from "../../model/diagnostic.ts";
import type { Finding } from "../../model/finding.ts";
import { problem } from "../../model/problem.ts";
import { approximateQuantity } from "../../model/quantity.ts";
import { volumeGroup } from "../../tools/lvm.ts";
import { findingOf, lookForDoctor } from "../shared/doctor.ts";
import { type LvmSettings, lvmSettings } from "./settings.ts";

/** The volume group; null when it does not exist. Sizes are bytes. */
export type LvmFacts = { readonly size: number; readonly free: number; readonly extentSize: number } | null;

/** Looks at the volume group that the configuration names. */
export async function lookAtGroup(context: Context, settings: LvmSettings | undefined): Promise<LvmFacts> {
  return settings === undefined ? null : ((await volumeGroup(context, settings.volumeGroup)) ?? null);
}

/** Nova LVM-01: it is never made. Pure. */
export function groupMissing(settings: LvmSettings | undefined): Diagnostic {
  const detail = "host.lvm.volume_group names it. `vgs` on the host lists the volume groups; `vgcreate` creates one.";
  const summary = `Volume group ${settings?.volumeGroup} does not exist on the host`;
  return problem("volume-group-missing", { summary, detail, pointer: ["host", "lvm", "volume_group"] });
}

/** The group and its room, for `doctor`. */
export async function lvmDoctor(context: Context): Promise<Finding[]> {
  const check = "lvm";
  const settings = lvmSettings(context.settings);
  const hint = "Run `vgs` there as the same user: it needs root.";
  const looked = await lookForDoctor(check, hint, () => lookAtGroup(context, settings));
  if ("failed" in looked) return looked.failed;
  const group = looked.facts;
  if (group === null) return [findingOf(check, groupMissing(settings))];
  const found = `volume group ${settings?.volumeGroup}: ${approximateQuantity(group.free)} free of ${approximateQuantity(group.size)}`;
  const full = group.free < group.extentSize;
  return [
    full ? { check, status: "warning", found, fix: "Extend the group (vgextend) or remove volumes." } : { check, status: "ok", found },
  ];
}
