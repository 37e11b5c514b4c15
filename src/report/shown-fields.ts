import { type Address, addressKind } from "../model/address.ts";
import type { Change, FieldChange } from "../model/change.ts";
import type { Json } from "../model/json.ts";

/** The fields of a change that a person reads, and how many there are besides. */
export interface ShownFields {
  readonly fields: readonly FieldChange[];
  readonly hidden: number;
}

/** What a person wants to know of a whole domain, in this order; its disks and interfaces follow, a line each. */
const domainFields = ["image", "flavor", "vcpus", "memory", "virt_type", "power_state"];
const seedFields = /^(format|hostname|user_data|admin_password|metadata\..*|public_keys\..*)$/;

/**
 * Chooses what to show in text. Of an object that comes or goes as a whole most fields are plumbing, the same for every
 * guest, and would bury the few that somebody decided; JSON has them all. Of an update every field counts.
 */
export function shownFields(change: Change): ShownFields {
  const fields = change.fields.filter(({ old, new: wanted }) => (old ?? null) !== null || (wanted ?? null) !== null);
  if (change.verb === "update" || change.verb === "replace") return { fields, hidden: 0 };
  const shown = wholeObject(change.address, fields);
  const told = shown.reduce((sum, { covers }) => sum + covers, 0);
  return { fields: shown.map(({ field }) => field), hidden: fields.length - told };
}

/** A line of its own, and how many fields it tells of. */
interface Told {
  readonly field: FieldChange;
  readonly covers: number;
}

function wholeObject(address: Address, fields: readonly FieldChange[]): Told[] {
  const one = (field: FieldChange): Told => ({ field, covers: 1 });
  switch (addressKind(address)) {
    case "domain": {
      const plain = domainFields.flatMap((path) => fields.filter((field) => field.path === path));
      const guarded = fields.filter((field) => field.path === "prevent_destroy" && givenValue(field) === true);
      return [
        ...plain.map(one),
        ...together(fields, "disks", describeDisk),
        ...together(fields, "interfaces", describeInterface),
        ...guarded.map(one),
      ];
    }
    case "seed":
      return fields.filter(({ path }) => seedFields.test(path)).map(one);
    default:
      return fields.map(one);
  }
}

type Parts = Readonly<Record<string, Json>>;

/** `disks.vda.bus`, `disks.vda.format` and the like as one field `disks.vda`. */
function together(fields: readonly FieldChange[], section: string, describe: (parts: Parts) => string): Told[] {
  const groups = new Map<string, FieldChange[]>();
  for (const field of fields) {
    const { path } = field;
    const end = path.lastIndexOf(".");
    if (!path.startsWith(`${section}.`) || end <= section.length) continue;
    const key = path.slice(0, end);
    groups.set(key, [...(groups.get(key) ?? []), field]);
  }
  return [...groups].map(([path, members]) => {
    const parts = Object.fromEntries(members.map((field) => [field.path.slice(path.length + 1), givenValue(field)]));
    const side = members.some(({ new: wanted }) => (wanted ?? null) !== null) ? "new" : "old";
    return { field: { path, [side]: describe(parts) }, covers: members.length };
  });
}

function describeDisk({ device, bus, format, encryption, read_only: readOnly }: Parts): string {
  return (
    [bus, device].filter(isText).join(" ") +
    [format, encryption === undefined ? undefined : "encrypted", readOnly === true ? "read-only" : undefined]
      .filter(isText)
      .map((word) => `, ${word}`)
      .join("")
  );
}

function describeInterface({ type, source, model }: Parts): string {
  return [type, source].filter(isText).join(" ") + (isText(model) ? `, ${model}` : "");
}

function isText(value: Json | undefined): value is string {
  return typeof value === "string" && value !== "";
}

function givenValue({ old, new: wanted }: FieldChange): Json {
  return wanted ?? old ?? null;
}
