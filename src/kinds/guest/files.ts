import { wrongAccess } from "../../drivers/shared/file-access.ts";
import { type ActionType, defineAction } from "../../model/action.ts";
import { type Change, combineCauses, type FieldChange } from "../../model/change.ts";
import type { Context } from "../../model/context.ts";
import type { FileChange, FileStat } from "../../model/host.ts";
import type { Json } from "../../model/json.ts";
import { instanceFiles } from "../../model/layout.ts";
import type { DomainState } from "../terms/domain-state.ts";
import type { GuestAddress } from "../terms/guest-address.ts";
import type { DomainSpec } from "../terms/spec.ts";
import { describeDomain } from "./state.ts";
import { domainXml } from "./xml.ts";

/** They hold what a guest printed and how it is defined. */
const privateMode = 0o600;

/** The files beside the disks of a guest. Nova has both. */
const names = [instanceFiles.xml, instanceFiles.console] as const;

/** What is wrong with files of one guest, by name: the permissions as found, null for a file that is missing or empty and must not be. */
type FileTrouble = NonNullable<DomainState["files"]>;

/** Looks at the files of guests, by uuid of the guest. Guests whose files are all right are left out. */
export async function lookAtFiles({ host, layout }: Context, uuids: readonly string[]): Promise<ReadonlyMap<string, FileTrouble>> {
  const stats = await host.files.statMany(uuids.flatMap((uuid) => names.map((name) => layout.instanceFile(uuid, name))));
  return new Map(
    uuids.flatMap((uuid, index) => {
      const troubles = names.flatMap((name, place) => troubleOf(name, stats[index * names.length + place]));
      return troubles.length === 0 ? [] : [[uuid, Object.fromEntries(troubles)] as const];
    }),
  );
}

function troubleOf(name: string, stat: FileStat | undefined): (readonly [string, string | null])[] {
  if (stat === undefined || (name === instanceFiles.xml && stat.type === "file" && stat.size === 0)) return [[name, null]];
  const access = stat.type === "file" ? wrongAccess(stat, privateMode) : undefined;
  return access === undefined ? [] : [[name, access.found]];
}

/** The change of a guest that stays, with what is wrong with its files. */
export function withFiles(change: Change | undefined, address: GuestAddress, want: DomainSpec, have: DomainState): Change | undefined {
  // Without its directory everything in it is made again, and an adopted guest has none.
  const troubles =
    have.unlabelled === true || want.adopted ? [] : Object.entries(have.files ?? {}).filter(([name]) => isWanted(name, want));
  if (troubles.length === 0 || (change !== undefined && change.verb !== "update")) return change;
  const fields = troubles.map(([name, found]): FieldChange => {
    const shown =
      found === null ? { path: `files.${name}`, new: "created again" } : { path: `files.${name}.mode`, old: found, new: "0600" };
    return { ...shown, effect: "none", cause: "drift" };
  });
  const args: FilesArgs = { spec: want, files: troubles.map(([name]) => name) };
  const action = {
    id: `${address}#files`,
    type: "domain.files",
    address,
    summary: `restore ${args.files.join(" and ")}`,
    args: args as unknown as Json,
    needs: [],
    makes: [],
    locks: [`instance/${want.uuid}`],
    effect: "none" as const,
  };
  if (change !== undefined) {
    const cause = combineCauses([change.cause, "drift"]);
    return { ...change, cause, fields: [...change.fields, ...fields], actions: [action, ...change.actions] };
  }
  const reason = "files beside its disks are missing or readable by others";
  const shown = describeDomain(have);
  return { address, verb: "update", cause: "drift", reason, fields, actions: [action], before: shown, after: shown };
}

function isWanted(name: string, { values }: DomainSpec): boolean {
  return name !== instanceFiles.console || values["serial_ports"] !== 0;
}

interface FilesArgs {
  readonly spec: DomainSpec;
  readonly files: readonly string[];
}

/** Makes files of a guest again, and gives them the permissions that they should have. The guest is not touched. */
export const restoreFiles: ActionType = defineAction<FilesArgs>("domain.files", [], async ({ host, layout }, { spec, files }) => {
  const changes = files.map((name): FileChange => {
    const path = layout.instanceFile(spec.uuid, name);
    if (name === instanceFiles.xml) return { do: "write", path, data: domainXml(spec), mode: privateMode, staged: true };
    return { do: "makeFile", path, mode: privateMode };
  });
  await host.files.change(changes, "later");
  if (files.includes(instanceFiles.console)) await host.files.setMode(layout.instanceFile(spec.uuid, instanceFiles.console), privateMode);
});
