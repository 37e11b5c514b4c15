import type { Context } from "../../model/context.ts";
import { type DomainEntry, domainEntry, type LabelOwner, readLabel, recordObject, rememberedDomain } from "../directory/label.ts";

const names = ["unready", "plugging", "unplugged"] as const;

/** What an apply started on a guest and did not finish. True sets a mark, false removes it; an absent one stays as it is. */
export type Marks = Partial<Record<(typeof names)[number], boolean>>;

/** Records marks of a guest, with one write and with none where nothing changes. The caller holds the instance's lock. */
export async function recordMarks(context: Context, owner: LabelOwner, marks: Marks): Promise<void> {
  const entry = rememberedDomain(await readLabel(context, owner.uuid));
  if (entry === undefined) return;
  const changed = names.filter((name) => marks[name] !== undefined && (entry[name] === true) !== marks[name]);
  if (changed.length === 0) return;
  const kept = Object.entries(entry).filter(([name]) => !changed.some((one) => one === name));
  const set = changed.filter((name) => marks[name]).map((name) => [name, true] as const);
  const next = Object.fromEntries([...kept, ...set]) as unknown as DomainEntry;
  await recordObject(context, { uuid: owner.uuid, instance: owner.instance }, domainEntry, { ...next });
}
