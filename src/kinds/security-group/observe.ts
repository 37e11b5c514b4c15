import type { Address } from "../../model/address.ts";
import type { Context } from "../../model/context.ts";
import type { Diagnostic } from "../../model/diagnostic.ts";
import { CodedError } from "../../model/errors.ts";
import type { Observation } from "../../model/kind.ts";
import { problem } from "../../model/problem.ts";
import { shellWord } from "../../model/shell-word.ts";
import { type FilterBinding, type FilterRecord, libvirtOf } from "../../tools/libvirt/libvirt.ts";
import { filters, groups } from "../terms/filter-address.ts";
import type { GroupState, PortFilterState } from "../terms/filter-state.ts";
import { filterPrefix, filterUuid, groupFilterName, portFilterName } from "../terms/port-filter.ts";
import { filterLines } from "./filter-lines.ts";
import { groupWords, portWords } from "./filter-rules.ts";
import { readFilter } from "./filter-xml.ts";

/** Looks at the filters of this project. One that has a name of ours and another uuid is not ours; `checkFilters` reports it where it is in the way. */
export async function observeFilters(context: Context): Promise<Observation<GroupState | PortFilterState>> {
  const libvirt = libvirtOf(context);
  const found = (await libvirt.filters(filterPrefix(context.project)))?.own ?? [];
  const ours = found.filter(({ name, uuid }) => uuid === filterUuid(name));
  const bindings = ours.length === 0 ? [] : await libvirt.filterBindings();
  const states = new Map<Address, GroupState | PortFilterState>();
  const diagnostics: Diagnostic[] = [];
  const unread: Address[] = [];
  for (const filter of ours) {
    const address = addressOf(context.project, filter.name);
    if (address === undefined) continue;
    try {
      states.set(address, stateOf(context.project, filter, bindings));
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      diagnostics.push(unreadable(filter.name, address));
      unread.push(address);
    }
  }
  return { states, unmanaged: [], diagnostics, complete: unread.length === 0, unread };
}

function unreadable(filter: string, address: Address): Diagnostic {
  const summary = `The definition of network filter ${filter} cannot be read`;
  const detail = `It is not well-formed XML, or libvirt does not give it: virsh nwfilter-dumpxml ${shellWord(filter)}. Correct it: virsh nwfilter-edit ${shellWord(filter)}.`;
  return problem("filter-unreadable", { summary, detail, address });
}

function addressOf(project: string, name: string): Address | undefined {
  for (const [kind, prefix] of [
    [groups, groupFilterName(project, "")],
    [filters, portFilterName(project, "")],
  ] as const) {
    if (name.startsWith(prefix)) return kind.at(name.slice(prefix.length));
  }
  return undefined;
}

function stateOf(project: string, { name, uuid, xml }: FilterRecord, bindings: readonly FilterBinding[]): GroupState | PortFilterState {
  const { document, applied, protects } = readFilter(xml);
  const common = { uuid, filter: name, lines: filterLines(document), applied };
  if (name.startsWith(groupFilterName(project, "")))
    return { kind: "security-group", ...common, rules: groupWords(document), ...(protects ? { protects } : {}) };
  return {
    kind: "filter",
    ...common,
    rules: portWords(document, project, macOf(name)),
    refers: document.refers.map(({ filter }) => filter),
    ports: bindings.flatMap(({ port, filter }) => (filter === name ? [port] : [])),
  };
}

/** The MAC address at the end of a name. */
function macOf(name: string): string {
  return (name.slice(-12).match(/../g) ?? []).join(":");
}
