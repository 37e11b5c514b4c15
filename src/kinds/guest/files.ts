import { type FileOwners, fileOwners, restrictFile, type WrongAccess, wrongAccess } from "../../drivers/shared/file-access.ts";
import { type ActionType, defineAction } from "../../model/action.ts";
import { type Change, combineCauses, type FieldChange } from "../../model/change.ts";
import type { Context } from "../../model/context.ts";
import type { FileChange, FileStat } from "../../model/host.ts";
import type { Json } from "../../model/json.ts";
import { instanceFiles } from "../../model/layout.ts";
import type { Observed } from "../../model/observed.ts";
import { typeText } from "../../tools/own-file.ts";
import { accessFields, rightOwner } from "../terms/access-fields.ts";
import type { DomainState } from "../terms/domain-state.ts";
import type { GuestAddress } from "../terms/guest-address.ts";
import type { DomainSpec } from "../terms/spec.ts";
import { describeDomain } from "./state.ts";
import { domainXml } from "./xml.ts";

/** They hold what a guest printed and how it is defined. */
const privateMode = 0o600;

/** The files beside the disks of a guest. Nova has both. */
const names = [instanceFiles.xml, instanceFiles.console] as const;

/** What is wrong with files of one guest. */
type FilesLook = Pick<DomainState, "files" | "blocked">;

/** Looks at the files of guests, by uuid of the guest. Guests whose files are all right are left out. */
export async function lookAtFiles(context: Context, uuids: readonly string[]): Promise<ReadonlyMap<string, FilesLook>> {
  const { host, layout } = context;
  const paths = uuids.flatMap((uuid) => names.map((name) => layout.instanceFile(uuid, name)));
  const [stats, owners] = await Promise.all([host.files.statMany(paths), paths.length === 0 ? null : fileOwners(context)]);
  return new Map(
    uuids.flatMap((uuid, index) => {
      const troubles = names.flatMap((name, place) =>
        troubleOf(layout.instanceFile(uuid, name), name, stats[index * names.length + place], owners),
      );
      const blocked = names.flatMap((name, place) => {
        const type = stats[index * names.length + place]?.type ?? "file";
        return type === "file" ? [] : [[name, { path: layout.instanceFile(uuid, name), obstacle: typeText(type) }] as const];
      });
      if (troubles.length + blocked.length === 0) return [];
      const files = troubles.length === 0 ? {} : { files: Object.fromEntries(troubles) };
      return [[uuid, { ...files, ...(blocked.length === 0 ? {} : { blocked: Object.fromEntries(blocked) }) }] as const];
    }),
  );
}

function troubleOf(
  path: string,
  name: string,
  stat: FileStat | undefined,
  owners: FileOwners | null,
): (readonly [string, WrongAccess | null])[] {
  if (stat === undefined || (name === instanceFiles.xml && stat.type === "file" && stat.size === 0)) return [[name, null]];
  const access = stat.type === "file" ? wrongAccess(path, stat, privateMode, owners) : undefined;
  return access === undefined ? [] : [[name, access]];
}

/** The change of a guest that stays, with what is wrong with its files. */
export function withFiles(
  change: Change | undefined,
  address: GuestAddress,
  want: DomainSpec,
  have: DomainState,
  observed: Observed,
): Change | undefined {
  // Without its directory everything in it is made again, and an adopted guest has none.
  const all = have.unlabelled === true || want.adopted ? [] : Object.entries(have.files ?? {}).filter(([name]) => isWanted(name, want));
  const troubles = all.flatMap(([name, access]): Trouble[] => {
    // libvirt gives neither file to the guest: its log daemon writes the console log, and the definition is a copy that it does not read.
    const owner = rightOwner(access?.owner, { instance: want.instance, running: false }, observed);
    const fields = accessFields(access ?? undefined, owner, `files.${name}.`);
    const again: FieldChange = { path: `files.${name}`, new: "created again", effect: "none", cause: "drift" };
    return access === null ? [{ name, owner, fields: [again] }] : fields.length === 0 ? [] : [{ name, owner, fields }];
  });
  if (troubles.length === 0 || (change !== undefined && change.verb !== "update")) return change;
  const fields = troubles.flatMap((trouble) => trouble.fields);
  // A definition writes it anyway, with the name that libvirt has for the guest.
  const isWritten = change?.actions.some(({ type }) => type === "domain.define") === true;
  const left = troubles.filter(({ name }) => !isWritten || name !== instanceFiles.xml);
  const args: FilesArgs = { spec: want, files: left.map(({ name, owner }) => ({ name, owner })) };
  const action = {
    id: `${address}#files`,
    type: "domain.files",
    address,
    summary: `restore ${(left.length === 0 ? troubles : left).map(({ name }) => name).join(" and ")}`,
    args: args as unknown as Json,
    needs: [],
    makes: [],
    locks: [`instance/${want.uuid}`],
    effect: "none" as const,
  };
  if (change !== undefined) {
    const cause = combineCauses([change.cause, "drift"]);
    const restored = args.files.length === 0 ? [] : [action];
    return { ...change, cause, fields: [...change.fields, ...fields], actions: [...restored, ...change.actions] };
  }
  const reason = "files beside its disks are missing, or others may read them";
  const shown = describeDomain(have);
  return { address, verb: "update", cause: "drift", reason, fields, actions: [action], before: shown, after: shown };
}

/** Whether a guest has a file with this name beside its disks. */
export function isWanted(name: string, { values, virtType }: DomainSpec): boolean {
  return name !== instanceFiles.console || (values["serial_ports"] !== 0 && virtType !== "lxc");
}

/** A file, the owner that it is given if it belongs to another user, and its fields in the plan. */
interface Trouble {
  readonly name: string;
  readonly owner: string | null;
  readonly fields: readonly FieldChange[];
}

interface FilesArgs {
  readonly spec: DomainSpec;
  readonly files: readonly Pick<Trouble, "name" | "owner">[];
}

/** Makes files of a guest again, and gives them the permissions that they should have. The guest is not touched. */
export const restoreFiles: ActionType = defineAction<FilesArgs>("domain.files", [], async (context, { spec, files }) => {
  const { host, layout } = context;
  const changes = files.map(({ name }): FileChange => {
    const path = layout.instanceFile(spec.uuid, name);
    if (name === instanceFiles.xml) return { do: "write", path, data: domainXml(spec), mode: privateMode, staged: true };
    return { do: "makeFile", path, mode: privateMode };
  });
  await host.files.change(changes, "later");
  // The definition is another file now.
  const kept = files.filter(({ name }) => name !== instanceFiles.xml);
  for (const { name, owner } of kept) await restrictFile(context, layout.instanceFile(spec.uuid, name), privateMode, owner);
});
