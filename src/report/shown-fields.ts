import { addressKind } from "../model/address.ts";
import type { Change, FieldChange } from "../model/change.ts";
import { presentationOf } from "../model/presentation.ts";

/** The fields of a change that a person reads, and how many there are besides. */
export interface ShownFields {
  readonly fields: readonly FieldChange[];
  readonly hidden: number;
}

/**
 * The fields to show in text. Of an object that is created or deleted most fields are the same for every guest and would bury the few
 * that differ, so its kind summarises them; JSON has them all. Of an update every field counts, and its kind joins those that are one thing.
 */
export function shownFields(change: Change): ShownFields {
  const fields = change.fields.filter(({ old, new: wanted }) => (old ?? null) !== null || (wanted ?? null) !== null);
  const { summary, condensed } = presentationOf(addressKind(change.address));
  if (change.verb === "update" || change.verb === "replace") return { fields: condensed?.(fields) ?? fields, hidden: 0 };
  if (summary === undefined) return { fields, hidden: 0 };
  const lines = summary(fields);
  const covered = lines.reduce((sum, { covers }) => sum + covers, 0);
  return { fields: lines.map(({ field }) => field), hidden: fields.length - covered };
}
