import { createHash } from "node:crypto";
import { type Address, addressKind, addressName } from "../model/address.ts";
import type { Change } from "../model/change.ts";
import { instanceOf, presentationOf } from "../model/presentation.ts";
import { changeDetails, changeHeader } from "./describe-change.ts";
import { nameRanges } from "./name-ranges.ts";
import { shownFields } from "./shown-fields.ts";
import { type Line, span, textOf } from "./style.ts";

/** Fewer than this many are shown one by one. */
export const fewestAlike = 4;

/** Changes that are shown as one, because they differ only in the names and identities of their objects. At least one. */
export type AlikeChanges = readonly [Change, ...Change[]];

/**
 * Changes in groups of those that are alike, in the order of the first of each. `each`: every change is a group of its own. `tag`: what else must be
 * equal. Pure.
 */
export function alikeGroups(
  changes: readonly Change[],
  { each = false, tag = () => "" }: { readonly each?: boolean | undefined; readonly tag?: (change: Change) => string } = {},
): AlikeChanges[] {
  if (each || changes.length < fewestAlike) return changes.map((change) => [change]);
  return groupsOf(changes, (change) => `${likeness(change)} ${tag(change)}`) as unknown as AlikeChanges[];
}

/** Things in groups by their keys, in the order of the first of each; groups of too few are taken apart and stand where their members stood. */
export function groupsOf<Thing>(things: readonly Thing[], keyOf: (thing: Thing) => string): Thing[][] {
  const groups = new Map<string, Thing[]>();
  const keys = things.map((thing) => {
    const key = keyOf(thing);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [thing]);
    else group.push(thing);
    return key;
  });
  return things.flatMap((thing, place) => {
    const group = groups.get(keys[place] ?? "") ?? [];
    if (group.length < fewestAlike) return [[thing]];
    return group[0] === thing ? [group] : [];
  });
}

/** A text that is equal for changes that differ only in the names and identities of their objects. */
export function likeness(change: Change): string {
  const without = neutral(change);
  const { hidden } = shownFields(change);
  const { isIdentity = () => false } = presentationOf(addressKind(change.address));
  // Fields that are not shown are compared too.
  const rest = hidden === 0 ? "" : without(JSON.stringify(change.fields.filter(({ path }) => !isIdentity(path))));
  const shown = [changeHeader(change), ...changeDetails(change)].map((line) => without(textOf(line))).join("\n");
  return createHash("sha1")
    .update(`${without(change.address)}\n${shown}\n${rest}`)
    .digest("base64");
}

/** The header of a group: its addresses, how many they are, and what happens to them. */
export function groupHeader(group: AlikeChanges): Line {
  const [first, ...others] = group;
  if (others.length === 0) return changeHeader(first);
  const header = common(group, changeHeader);
  const addresses = nameRanges(group.map(({ address }) => address)).join(", ");
  // The address is the second part of a header.
  return header.flatMap((part, place) => (place === 1 ? [span(` ${addresses}`, "strong"), span(` (${group.length} alike)`)] : [part]));
}

/** What happens to the objects of a group, and why: `will be created: does not exist yet`. */
export function groupReason(group: AlikeChanges): string {
  return textOf(common(group, changeHeader).slice(-2)).trimStart();
}

/** The details of a group: where its members differ, their names are shown as a pattern. */
export function groupDetails(group: AlikeChanges): Line[] {
  const lines = group.map(changeDetails);
  return (lines[0] ?? []).map((_, place) => common(group, (_change, member) => lines[member]?.[place] ?? []));
}

/** A line of the members: as it is where all have the same, else with what differs as a pattern. */
function common(group: AlikeChanges, lineOf: (change: Change, member: number) => Line): Line {
  const lines = group.map(lineOf);
  const [first = [], ...others] = lines;
  const pattern = patternOf(group.map(({ address }) => objectName(address)));
  return first.map((part, place) => {
    if (others.every((line) => line[place]?.text === part.text)) return part;
    return span(neutral(group[0], pattern)(part.text), part.tone);
  });
}

/** The name of the instance that an object is part of, or its own. */
function objectName(address: Address): string {
  return instanceOf(address) ?? addressName(address);
}

/** `web-*` for `web-0` and `web-1`. */
function patternOf(names: readonly string[]): string {
  const [first = ""] = names;
  let length = first.length;
  for (const name of names) while (!name.startsWith(first.slice(0, length))) length -= 1;
  return `${first.slice(0, length).replace(/\d+$/, "")}*`;
}

/** Shorter names are words of sentences as well. */
const shortestName = 3;
const mac = /\b[0-9a-f]{2}(?::[0-9a-f]{2}){5}\b/g;
const uuid = /\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g;

/** Replaces the name of a change's object and what is unique to it in a text. */
function neutral({ address }: Change, pattern = "*"): (text: string) => string {
  const name = objectName(address);
  const own = name.length < shortestName ? undefined : new RegExp(`(?<![\\w-])${RegExp.escape(name)}(?![\\w-])`, "g");
  return (text) => {
    const plain = text.replace(mac, "(own MAC address)").replace(uuid, "(own UUID)");
    return own === undefined ? plain : plain.replace(own, () => pattern);
  };
}
