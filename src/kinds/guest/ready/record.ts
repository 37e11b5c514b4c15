import type { Context } from "../../../model/context.ts";
import { type DomainEntry, domainEntry, type LabelOwner, readLabel, recordObject, rememberedDomain } from "../../directory/label.ts";

/** Records whether a guest that an apply started was seen to be ready. The caller holds the instance's lock. */
export async function recordReadiness(context: Context, owner: LabelOwner, ready: boolean): Promise<void> {
  const entry = rememberedDomain(await readLabel(context, owner.uuid));
  if (entry === undefined || (entry.unready === true) !== ready) return;
  const { unready: _unready, ...others } = entry;
  const next: DomainEntry = ready ? others : { ...others, unready: true };
  await recordObject(context, { uuid: owner.uuid, instance: owner.instance }, domainEntry, { ...next });
}
