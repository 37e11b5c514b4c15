import { setTimeout as sleep } from "node:timers/promises";
import { type ActionType, defineAction } from "../../model/action.ts";
import type { Context } from "../../model/context.ts";
import { RefusedError } from "../../model/errors.ts";
import { problem } from "../../model/problem.ts";
import { shellWord } from "../../model/shell-word.ts";
import { libvirtOf } from "../../tools/libvirt/libvirt.ts";
import { find, findAll, parseXml } from "../../tools/xml.ts";
import { filterExists, filterGone, groupExists, groupGone } from "../terms/filter-address.ts";
import type { FilterDocument } from "../terms/filter-document.ts";
import { filterUuid } from "../terms/port-filter.ts";
import { bindingXml } from "./binding-xml.ts";
import { defineFilter } from "./define-filter.ts";
import { filterLines, linesDigest } from "./filter-lines.ts";
import { readFilter, writeFilter } from "./filter-xml.ts";

/** Arguments of `group.put` and `filter.put`. */
export interface PutArgs {
  /** libvirt's name of it. */
  readonly filter: string;
  readonly document: FilterDocument;
  /** The prevent_destroy of a group; absent: no. */
  readonly protects?: true;
}

/** Arguments of `group.remove` and `filter.remove`. */
export interface RemoveArgs {
  readonly filter: string;
}

/** Arguments of `filter.bind`. */
export interface BindArgs {
  readonly filter: string;
  readonly mac: string;
  /** Of the guest. */
  readonly uuid: string;
}

/** How often and how long the removal of a filter waits for its last user (Nova FW-06). */
const removal = { tries: 10, everyMs: 500 };

/** What can be done to filters. */
export const filterActions: readonly ActionType[] = [
  defineAction<PutArgs>("group.put", [groupExists], put),
  defineAction<PutArgs>("filter.put", [filterExists], put),
  defineAction<BindArgs>("filter.bind", [], bind),
  defineAction<RemoveArgs>("filter.remove", [filterGone], remove),
  defineAction<RemoveArgs>("group.remove", [groupGone], remove),
];

/** libvirt replaces the rules of all guests that run with the filter by the new ones, and there is no moment without rules. */
async function put(context: Context, { filter, document, protects }: PutArgs): Promise<void> {
  const lines = filterLines(document);
  const applied = linesDigest(lines);
  const xml = writeFilter(filter, document, applied, protects);
  const isKept = () => holds(context, filter, { lines, applied, protects: protects === true });
  if (await isKept()) return;
  await defineFilter(context, filter, xml);
  if (await isKept()) return;
  throw new RefusedError(
    "filter-not-kept",
    `libvirt changed the network filter ${filter} when it was defined`,
    `What it holds: virsh nwfilter-dumpxml ${shellWord(filter)}. This libvirt may be too old for one of its rules.`,
  );
}

/** Whether libvirt has a filter as it is to be. Throws a RefusedError for one of others under its name. */
async function holds(
  context: Context,
  filter: string,
  want: { readonly lines: readonly string[]; readonly applied: string; readonly protects: boolean },
): Promise<boolean> {
  const have = await libvirtOf(context).filter(filter);
  if (have === undefined) return false;
  if (have.uuid !== filterUuid(filter)) throw notOurs(filter);
  const { document, applied, protects } = readFilter(have.xml);
  return applied === want.applied && protects === want.protects && filterLines(document).join("\n") === want.lines.join("\n");
}

function notOurs(filter: string): RefusedError {
  return new RefusedError(
    "filter-name-taken",
    `The network filter ${filter} is not virtform's: it has another uuid`,
    `It was defined by others and was not changed. Remove it (virsh nwfilter-undefine ${shellWord(filter)}) and apply again.`,
  );
}

async function remove(context: Context, { filter }: RemoveArgs): Promise<void> {
  const libvirt = libvirtOf(context);
  const have = await libvirt.filter(filter);
  if (have === undefined || have.uuid !== filterUuid(filter)) return;
  for (let tries = 1; !(await libvirt.undefineFilter(filter)); tries += 1) {
    if (tries === removal.tries) return context.warn?.(stillUsed(filter));
    await sleep(removal.everyMs, undefined, { signal: context.signal });
  }
}

/** A guest that keeps the interface until its next restart, or a guest of others. */
function stillUsed(filter: string) {
  const detail = `A running guest is filtered by it: virsh nwfilter-binding-list. The plan after its restart removes the filter.`;
  return problem("filter-in-use", { summary: `The network filter ${filter} is in use and stays`, detail }, "warning");
}

/** Puts a filter on the device that a running guest has for an interface. No-op if the guest is off or has lost the filter. */
async function bind(context: Context, { filter, mac, uuid }: BindArgs): Promise<void> {
  const libvirt = libvirtOf(context);
  const [record, bindings] = await Promise.all([libvirt.domain(uuid), libvirt.filterBindings()]);
  if (record === undefined || record.active === null) return;
  const cards = findAll(find(parseXml(record.active), "devices"), "interface");
  const card = cards.find((one) => find(one, "mac")?.attributes["address"]?.toLowerCase() === mac);
  const port = card === undefined ? undefined : find(card, "target")?.attributes["dev"];
  const filterref = card === undefined ? undefined : find(card, "filterref");
  if (port === undefined || filterref?.attributes["filter"] !== filter) return;
  if (bindings.some((one) => one.port === port && one.filter === filter)) return;
  await libvirt.bindFilter(port, bindingXml({ port, mac, guest: record, filterref }));
}
