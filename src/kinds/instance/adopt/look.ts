import { dirname } from "node:path/posix";
import type { Context } from "../../../model/context.ts";
import { instanceFiles } from "../../../model/layout.ts";
import { diskLayers } from "../../../tools/libvirt/disk-layers.ts";
import { type DomainRecord, libvirtOf } from "../../../tools/libvirt/libvirt.ts";
import { readOwnFiles } from "../../../tools/own-file.ts";
import { find, parseXml, textAt, type XmlElement } from "../../../tools/xml.ts";
import { readChains } from "../../chain/read-chains.ts";
import { jsonObject } from "../../directory/label.ts";
import { domainState } from "../../guest/state.ts";
import type { DomainState } from "../../terms/domain-state.ts";

/** What Nova says about a guest that it made: in its part of the metadata, and by the layout of its directory. */
export interface NovaGuest {
  readonly name: string | undefined;
  readonly flavor: string | undefined;
  /** Root disk of the flavor, in bytes. */
  readonly disk: number;
  /** The directory of the guest, `<instances path>/<uuid>`; undefined if its disks are elsewhere. */
  readonly directory: string | undefined;
}

/** A domain that could be adopted, with what a configuration can say of it. */
export interface AdoptableDomain {
  readonly root: XmlElement;
  readonly state: DomainState;
  readonly nova: NovaGuest | null;
  /** What lies below its disks, the upper layers first, by target; only of disks that have something below them. */
  readonly below: ReadonlyMap<string, readonly string[]>;
  /** Formats that the directory's `disk.info` records, by path (Nova INFO-01). */
  readonly formats: Readonly<Record<string, string>>;
}

/** Every domain of the host whose definition can be read, in the order of their names. */
export async function lookAtDomains(context: Context): Promise<AdoptableDomain[]> {
  const records: DomainRecord[] = [];
  await libvirtOf(context).domains(
    (record) => records.push(record),
    () => undefined,
  );
  const parsed = records.flatMap((record) => {
    try {
      return [{ root: parseXml(record.xml), state: domainState(record) }];
    } catch {
      return [];
    }
  });
  const found = await Promise.all(parsed.map((one) => withSurroundings(context, one)));
  return found.sort((one, other) => (one.state.name < other.state.name ? -1 : 1));
}

async function withSurroundings(context: Context, { root, state }: Pick<AdoptableDomain, "root" | "state">): Promise<AdoptableDomain> {
  const disks = diskLayers(root).filter(({ device, top }) => device === "disk" && top !== null);
  const chains = await readChains(context, disks);
  const below = disks.flatMap(({ target }, index) => {
    const layers = (chains[index]?.layers ?? []).slice(1).map(({ source }) => source);
    return layers.length === 0 ? [] : [[target, layers] as const];
  });
  const nova = novaOf(root, state, Object.values(state.disks));
  const info = nova?.directory === undefined ? [] : await readOwnFiles(context, [`${nova.directory}/${instanceFiles.diskInfo}`]);
  const formats = Object.entries(jsonObject(info[0]?.content) ?? {}).flatMap(([path, format]) =>
    typeof format === "string" ? [[path, format] as const] : [],
  );
  return { root, state, nova, below: new Map(below), formats: Object.fromEntries(formats) };
}

/** Nova XML-03, LAY-01. Elements are found by their local names: any prefix may stand for Nova's namespace. */
function novaOf(root: XmlElement, { uuid }: DomainState, sources: readonly string[]): NovaGuest | null {
  const nova = find(root, "metadata")?.children.find(
    ({ name, attributes }) =>
      name.endsWith(":instance") && Object.values(attributes).some((value) => value.startsWith("http://openstack.org/xmlns/")),
  );
  const directory = sources.map(dirname).find((path) => path.endsWith(`/${uuid}`));
  if (nova === undefined) return null;
  const prefix = nova.name.slice(0, nova.name.indexOf(":"));
  const flavor = find(nova, `${prefix}:flavor`);
  const disk = Number(textAt(flavor, `${prefix}:disk`) ?? 0);
  return {
    name: textAt(nova, `${prefix}:name`),
    flavor: flavor?.attributes["name"],
    disk: Number.isSafeInteger(disk) && disk > 0 ? disk * 2 ** 30 : 0,
    directory,
  };
}
