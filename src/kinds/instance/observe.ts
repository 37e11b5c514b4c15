import { diskPhrase } from "../../drivers/disk-phrase.ts";
import type { Address } from "../../model/address.ts";
import type { Context } from "../../model/context.ts";
import type { Diagnostic } from "../../model/diagnostic.ts";
import { diagnosticText } from "../../model/diagnostic-text.ts";
import { failureDiagnostics } from "../../model/failure-diagnostics.ts";
import type { Observation } from "../../model/kind.ts";
import { instanceFiles, isUuidDirectory } from "../../model/layout.ts";
import type { Unmanaged } from "../../model/plan.ts";
import { problem } from "../../model/problem.ts";
import type { Sought } from "../../model/sought.ts";
import { withoutUndefined } from "../../model/without-undefined.ts";
import { type DomainRecord, libvirtOf } from "../../tools/libvirt/libvirt.ts";
import { readOwnFiles } from "../../tools/own-file.ts";
import { type DomainDisks, listOurFiles, lookAtChains, type OwnPath } from "../chain/look.ts";
import { type DiskDirectory, looseLayers } from "../chain/loose-layers.ts";
import { readChainsAhead } from "../chain/read-chains.ts";
import { withChain } from "../chain/with-chain.ts";
import { adoptedInstances } from "../config/adopted-instances.ts";
import { instanceNames } from "../config/instance-names.ts";
import { earlierInstances, renames } from "../config/renames.ts";
import type { Config } from "../config.ts";
import { damagedLabel } from "../directory/damaged-label.ts";
import { type DamagedLabel, damageOf, type InstanceLabel, parseLabel, rememberedDomain } from "../directory/label.ts";
import { type LabelledDisk, observeDisks } from "../disk/observe.ts";
import { lookAtFiles } from "../guest/files.ts";
import { withoutFillings } from "../guest/foreign.ts";
import { type DefinitionParsers, type DomainLook, definitionParsers, domainLook } from "../guest/state.ts";
import { isUp } from "../power/is-up.ts";
import { missingMount, notMounted } from "../presence/mount.ts";
import { secretState, usagePrefix } from "../secret/secret.ts";
import type { LooseLayers } from "../terms/disk-chain.ts";
import { diskAddress, diskRole, isEphemeral } from "../terms/disk-name.ts";
import { instanceOwner } from "../terms/disk-owner.ts";
import type { OwnedDiskState } from "../terms/disk-state.ts";
import type { DomainState } from "../terms/domain-state.ts";
import { type GuestState, guests } from "../terms/guest-address.ts";
import { derivedUuid, identityFact, originOf } from "../terms/identity.ts";
import { isAdopted } from "../terms/is-adopted.ts";
import { type FoundSecret, secrets as secretAddresses, secretNameOf, volumeOfSecret } from "../terms/secret-address.ts";
import { type FoundSeed, seeds as seedAddresses } from "../terms/seed-address.ts";
import { volumes as volumeAddresses } from "../terms/volume-address.ts";
import { volumeNames } from "../volume/names.ts";
import { missingDirectories } from "./missing-directories.ts";
import type { RecordedSecrets } from "./seed/recorded-secrets.ts";
import { observeSeeds, withTexts } from "./seed/seed.ts";

/** Anything of an instance as found. */
export type InstanceState = OwnedDiskState | FoundSeed | FoundSecret | GuestState;

interface Directory {
  readonly uuid: string;
  readonly label: InstanceLabel | undefined;
  /** A label exists and cannot be used. */
  readonly damage: DamagedLabel | undefined;
  /** Empty but for a staged label: an apply was interrupted at its start. */
  readonly blank: boolean;
}

/** A directory that is this project's. */
interface OwnedDirectory {
  readonly uuid: string;
  readonly instance: string;
  readonly label: InstanceLabel;
}

/**
 * Looks at all domains and all instance directories, in one conversation with libvirt and a few rounds of reading files,
 * however many there are. `config` and `values`: what config drives are compared with, for a plan that shows the difference.
 */
export async function observeInstances(
  context: Context,
  {
    sought = {},
    config = {},
    values,
  }: { readonly sought?: Pick<Sought, "instances" | "volumes">; readonly config?: Config; readonly values?: RecordedSecrets } = {},
): Promise<Observation<InstanceState>> {
  const libvirt = libvirtOf(context);
  const adopts = adoptedInstances(sought);
  const refused: UnreadableDomain[] = [];
  const parsers = definitionParsers();
  // Each turn is a round trip there: what the first definitions lead to is read while the others come.
  const isElsewhere = context.host.libvirtUri !== undefined;
  let readsAhead = isElsewhere;
  const ours = isElsewhere ? listOurFiles(context) : undefined;
  // It is awaited below, unless something else fails first.
  ours?.catch(() => undefined);
  const isOwn = ({ uuid }: Pick<DomainRecord, "uuid">, label: DomainState["label"]) =>
    label === undefined ? adopts.has(uuid) : label.project === context.project;
  const [read, directories, secrets, mount] = await Promise.all([
    // The state of a domain that libvirt does not describe is unknown: it counts as running.
    libvirt.domains(
      (record) => {
        const look = readDomain(record, parsers, (label) => isOwn(record, label));
        const disks = readsAhead && "state" in look && !isOwn(record, look.state.label) ? allDisks(look) : [];
        if (disks.length > 0) {
          void readChainsAhead(context, disks).then(() => {
            readsAhead = false;
          });
        }
        return look;
      },
      (domain, error) => refused.push({ ...domain, power: "running", failure: failureDiagnostics(error) ?? [] }),
    ),
    findDirectories(context),
    libvirt.secrets(usagePrefix(context.project)),
    missingMount(context),
  ]);
  const found = [...read, ...refused];
  const looks = found.flatMap((domain) => ("failure" in domain ? [] : [domain]));
  const unreadable = found.flatMap((domain) => ("failure" in domain ? [domain] : []));
  const names = namesOf(context, looks, directories);
  const origins = originsOf(looks, directories);
  // A label records only another name than the one that it has.
  const renamed = renames(earlierInstances(sought), names, (uuid, name) => (origins.get(uuid) ?? name) === name);
  const nameOf = (uuid: string) => renamed.get(uuid) ?? names.get(uuid);
  const domains = looks.map(({ state }) => named(state, nameOf(state.uuid)));
  const power = new Map([...domains, ...unreadable].map(({ uuid, power }) => [uuid, power]));
  const isRunning = (uuid: string) => isUp(power.get(uuid) ?? "stopped");
  const isSaved = (uuid: string) => power.get(uuid) === "saved";
  const owned = directories.flatMap(({ uuid, label }) =>
    label?.project === context.project ? [{ uuid, instance: nameOf(uuid) ?? label.instance, label }] : [],
  );
  const defined = new Set([...domains, ...unreadable].map(({ uuid }) => uuid));
  const labelled = owned.flatMap((directory) =>
    labelledDisks(context, directory, { running: isRunning(directory.uuid), saved: isSaved(directory.uuid) }),
  );
  const [disks, seeds, { chains, uses }, loose, files] = await Promise.all([
    observeDisks(context, labelled),
    observeSeeds(context, owned, values).then((look) => withTexts(context, config, look)),
    lookAtChains(
      context,
      looks.map(disksOfDomain(isOwn)),
      [
        ...owned.flatMap(ownPaths(context)),
        ...domains.flatMap(({ uuid, label }) =>
          label?.project === context.project ? (label.adopted ?? []).map((path) => ({ uuid, path })) : [],
        ),
      ],
      ours,
    ),
    looseLayers(context, owned.flatMap(undefinedGuest(context, defined))),
    lookAtFiles(
      context,
      owned.flatMap(({ uuid }) => (defined.has(uuid) ? [uuid] : [])),
    ),
  ]);

  const states = new Map<Address, InstanceState>();
  const hasDirectory = new Set(directories.flatMap(({ uuid, blank }) => (blank ? [] : [uuid])));
  const remembered = new Map(owned.map(({ uuid, label }) => [uuid, rememberedDomain(label)]));
  for (const domain of domains) {
    const adopting = domain.label === undefined ? adopts.get(domain.uuid) : undefined;
    if (adopting !== undefined) {
      const below = chains.get(domain.uuid);
      states.set(guests.at(adopting), { ...domain, ...(below === undefined ? {} : { chains: below }), kind: "domain" });
    }
    if (domain.label?.project !== context.project) continue;
    const unlabelled = hasDirectory.has(domain.uuid) || isAdopted(domain) ? {} : ({ unlabelled: true } as const);
    const below = chains.get(domain.uuid);
    const foreign = withoutFillings(domain.foreign, remembered.get(domain.uuid)?.filled ?? []);
    const chained = below === undefined ? {} : { chains: below };
    const troubled = withoutUndefined({
      ...files.get(domain.uuid),
      unready: remembered.get(domain.uuid)?.unready === true ? (true as const) : undefined,
      plugging: remembered.get(domain.uuid)?.plugging === true ? (true as const) : undefined,
      unplugged: remembered.get(domain.uuid)?.unplugged === true ? (true as const) : undefined,
    });
    states.set(guests.at(domain.label.instance), { ...domain, foreign, ...unlabelled, ...chained, ...troubled, kind: "domain" });
  }
  for (const { uuid, instance } of owned) {
    const seed = seeds.states.get(uuid);
    if (seed !== undefined)
      states.set(seedAddresses.at(instance), { ...seed, kind: "seed", running: isRunning(uuid), saved: isSaved(uuid) });
  }
  for (const [address, disk] of disks.states)
    states.set(address, withLoose(withChain(disk, chains.get(disk.uuid) ?? []), loose.get(disk.path)));
  const ofSecrets = secrets.flatMap((record) => secretState(record, context.project) ?? []);
  const volumes = ofSecrets.some(({ name }) => volumeOfSecret(name) !== undefined) ? await volumeNames(context, sought) : undefined;
  for (const secret of ofSecrets) {
    const volume = volumes?.renamed.get(secret.owner) ?? volumes?.names.get(secret.owner);
    // Its usage, which cannot be changed, has the name that the owner had then.
    const name = nameOf(secret.owner) ?? (volume === undefined ? secret.name : secretNameOf({ address: volumeAddresses.at(volume) }));
    states.set(secretAddresses.at(name), { ...secret, name, kind: "secret" });
  }
  const instanceOf = new Map(owned.map(({ uuid, instance }) => [uuid, instance]));
  const damaged = directories.flatMap((directory) => {
    const found = damagedInstance(context, directory, domains, sought);
    return found === undefined ? [] : [{ ...found, uuid: directory.uuid }];
  });
  const inDamaged = await Promise.all(damaged.map(({ uuid, instance }) => objectsIn(context, uuid, instance)));
  for (const [address, disk] of missingDirectories(context, domains, (uuid) => hasDirectory.has(uuid))) states.set(address, disk);
  if (mount !== undefined && !directories.some(({ label }) => label !== undefined)) {
    return { states: new Map(), unmanaged: [], diagnostics: [await notMounted(context, mount)], complete: false };
  }
  const unread = [
    ...unreadable.flatMap(({ uuid }) => instanceOf.get(uuid) ?? []).map(guests.at),
    ...disks.unread,
    ...seeds.unread,
    ...inDamaged.flat(),
  ];
  const isDamaged = new Set(damaged.map(({ uuid }) => uuid));
  const others = directories.filter(({ uuid }) => !isDamaged.has(uuid));
  const unknown = unreadable.filter(({ uuid }) => !instanceOf.has(uuid)).map(({ name, uuid }) => ({ what: "domain", name, uuid }));
  return {
    states,
    unmanaged: [...findUnmanaged(context, domains, others, uses, adopts), ...unknown],
    diagnostics: [
      ...(libvirt.readOnly ? [onlyLooks(context)] : []),
      ...unreadable.flatMap((domain) => unreadableDiagnostics(domain, instanceOf.get(domain.uuid))),
      ...damaged.map(({ diagnostic }) => diagnostic),
      ...disks.diagnostics,
      ...seeds.diagnostics,
    ],
    complete: unread.length === 0,
    unread,
    identities: identitiesOf(context, { names, nameOf, owned, origins }),
  };
}

/**
 * The names of this project's instances on the host, by uuid. That in the directory counts: a rename writes it first, so that one that was
 * interrupted is brought to an end.
 */
function namesOf({ project }: Context, looks: readonly DomainLook[], directories: readonly Directory[]): ReadonlyMap<string, string> {
  const labels = [
    ...looks.map(({ state: { uuid, label } }) => ({ uuid, label })),
    ...directories.map(({ uuid, label }) => ({ uuid, label })),
  ];
  return new Map(labels.flatMap(({ uuid, label }) => (label?.project === project ? [[uuid, label.instance] as const] : [])));
}

/** A domain under the name that its instance has in the configuration, or in its directory. */
function named(state: DomainState, name: string | undefined): DomainState {
  const { label } = state;
  if (label === undefined || name === undefined || label.instance === name) return state;
  return { ...state, label: { ...label, instance: name }, earlier: label.instance };
}

/** The ephemerals in a label, each with its name; empty for one without a name. */
function namedEphemerals(label: InstanceLabel | undefined): (readonly [file: string, name: string])[] {
  return Object.entries(label?.objects ?? {}).flatMap(([file, record]) => {
    if (!isEphemeral(file)) return [];
    const name = (record as { readonly ephemeral?: unknown } | null)?.ephemeral;
    return [[file, typeof name === "string" ? name : ""] as const];
  });
}

/** The names that instances were created as, by uuid, where a label records one. That in the directory counts. */
function originsOf(looks: readonly DomainLook[], directories: readonly Directory[]): ReadonlyMap<string, string> {
  const labels = [...looks.map(({ state: { uuid, label } }) => ({ uuid, label })), ...directories];
  return new Map(labels.flatMap(({ uuid, label }) => (label?.origin === undefined ? [] : [[uuid, label.origin] as const])));
}

/** What instances keep when they are renamed, by the names that they have now. */
function identitiesOf(
  { project }: Context,
  {
    names,
    nameOf,
    owned,
    origins,
  }: {
    readonly names: ReadonlyMap<string, string>;
    readonly nameOf: (uuid: string) => string | undefined;
    readonly owned: readonly OwnedDirectory[];
    readonly origins: ReadonlyMap<string, string>;
  },
): NonNullable<Observation<InstanceState>["identities"]> {
  const labels = new Map(owned.map(({ uuid, label }) => [uuid, label]));
  return Object.fromEntries(
    [...names].map(([uuid, before]) => {
      const name = nameOf(uuid) ?? before;
      const origin = origins.get(uuid) ?? originOf("instance", project, before, uuid);
      const ephemerals = namedEphemerals(labels.get(uuid));
      const fact = identityFact(name, uuid, origin, name === before ? undefined : before);
      return [guests.at(name), ephemerals.length === 0 ? fact : { ...fact, ephemerals: Object.fromEntries(ephemerals) }];
    }),
  );
}

function onlyLooks({ settings }: Context): Diagnostic {
  return {
    severity: "warning",
    code: "libvirt-read-only",
    summary: `libvirt at ${settings.uri} lets this user only look`,
    detail:
      "Its read-only socket served this plan; apply needs the other one. Add the user to the group libvirt (usermod -aG libvirt USER, then log in again), or run as root.",
  };
}

/** A domain whose definition cannot be read. */
type UnreadableDomain = Pick<DomainRecord, "uuid" | "name" | "power"> & { readonly failure: readonly Diagnostic[] };

function readDomain(
  record: DomainRecord,
  parsers: DefinitionParsers,
  isOwn: (label: DomainState["label"]) => boolean,
): DomainLook | UnreadableDomain {
  try {
    return domainLook(record, parsers, isOwn);
  } catch (error) {
    const failure = failureDiagnostics(error);
    if (failure === undefined) throw error;
    const { uuid, name, power } = record;
    return { uuid, name, power, failure };
  }
}

/** One of this project's stops an apply; one that is not known as ours is left alone, as any other. */
function unreadableDiagnostics({ name, failure }: UnreadableDomain, instance: string | undefined): Diagnostic[] {
  const why = failure.map(diagnosticText).join(" ");
  const text = {
    summary: `The definition of domain ${name} cannot be read`,
    detail: `${why} Nothing is decided about it. \`virsh dumpxml\` shows the definition.`,
  };
  if (instance === undefined) return [problem("domain-unreadable", text, "warning")];
  return [problem("domain-unreadable", { ...text, address: guests.at(instance) })];
}

async function findDirectories(context: Context): Promise<Directory[]> {
  const { files } = context.host;
  const entries = (await files.list(context.layout.root)).filter(({ name, type }) => type === "directory" && isUuidDirectory(name));
  const labels = await readOwnFiles(
    context,
    entries.map(({ name }) => context.layout.instanceFile(name, instanceFiles.label)),
  );
  return Promise.all(
    entries.map(async ({ name }, index) => {
      const file = labels[index] ?? { content: undefined };
      const label = parseLabel(file.content);
      const damage = label === undefined ? damageOf(file, "instance") : undefined;
      const blank = label === undefined && damage === undefined && (await isBlank(context, name));
      return { uuid: name, label, blank, damage };
    }),
  );
}

async function isBlank(context: Context, uuid: string): Promise<boolean> {
  const entries = await context.host.files.list(context.layout.instance(uuid));
  return entries.every(({ name }) => name.startsWith(`${instanceFiles.label}.`) && name.endsWith(".tmp"));
}

/** The disks that the labels of these directories name. */
function labelledDisks(
  { layout }: Context,
  { uuid, instance, label }: OwnedDirectory,
  guest: Pick<LabelledDisk, "running" | "saved">,
): LabelledDisk[] {
  const domain = rememberedDomain(label);
  const owner = instanceOwner(layout, uuid, instance, domain?.prevent_destroy ?? false);
  return Object.entries(label.objects).flatMap(([name, record]) => {
    if (diskRole(name) === undefined) return [];
    const path = layout.instanceFile(uuid, name);
    const known = { kind: "disk", owner, uuid, name, path, ...guest, defined: domain !== undefined } as const;
    return [{ ...known, address: diskAddress(instance, name), what: diskPhrase({ name, owner }), record }];
  });
}

/** A label of this project that cannot be used: it says so itself, or a domain of this project or a declared instance has its uuid. */
function damagedInstance(
  context: Context,
  { uuid, damage }: Directory,
  domains: readonly DomainState[],
  sought: Pick<Sought, "instances">,
): { readonly instance: string; readonly diagnostic: Diagnostic } | undefined {
  if (damage === undefined) return undefined;
  const domain = domains.find((one) => one.uuid === uuid && one.label?.project === context.project);
  const own = damage.project === context.project ? damage.name : undefined;
  const nameless = damage.project === undefined && damage.name === undefined;
  const instance = own ?? domain?.label?.instance ?? (nameless ? declaredName(context, uuid, sought) : undefined);
  if (instance === undefined) return undefined;
  const path = context.layout.instanceFile(uuid, instanceFiles.label);
  return { instance, diagnostic: damagedLabel(path, damage, `instance ${instance}`, guests.at(instance)) };
}

/** The declared instance that gets this uuid. */
function declaredName({ project }: Context, uuid: string, { instances = {} }: Pick<Sought, "instances">): string | undefined {
  return Object.entries(instances)
    .flatMap(([entry, instance]) => instanceNames(entry, instance.count).map((name) => ({ name, given: instance.uuid })))
    .find(({ name, given }) => (given ?? derivedUuid("instance", project, name)) === uuid)?.name;
}

/** Everything that the directory of an instance may hold. */
async function objectsIn(context: Context, uuid: string, instance: string): Promise<Address[]> {
  const entries = await context.host.files.list(context.layout.instance(uuid));
  const disks = entries.filter(({ name }) => diskRole(name) !== undefined).map(({ name }) => diskAddress(instance, name));
  return [guests.at(instance), seedAddresses.at(instance), diskAddress(instance, instanceFiles.root), ...disks];
}

function disksOfDomain(isOwn: (domain: DomainState, label: DomainState["label"]) => boolean) {
  return ({ state, stored, running }: DomainLook): DomainDisks => {
    return { uuid: state.uuid, own: isOwn(state, state.label), adopted: isAdopted(state), stored, active: running };
  };
}

function allDisks({ stored, running }: DomainLook): DomainLook["stored"] {
  return running === null ? stored : [...stored, ...running];
}

function undefinedGuest(context: Context, defined: ReadonlySet<string>) {
  return (directory: { readonly uuid: string; readonly label: InstanceLabel }): DiskDirectory[] => {
    if (defined.has(directory.uuid)) return [];
    const disks = ownPaths(context)(directory).map(({ path }) => path);
    return [{ directory: context.layout.instance(directory.uuid), disks }];
  };
}

function withLoose(disk: OwnedDiskState, loose: LooseLayers | undefined): OwnedDiskState {
  return loose === undefined ? disk : { ...disk, loose };
}

/** The disks that the label of an instance directory names. */
function ownPaths({ layout }: Context) {
  return ({ uuid, label }: { readonly uuid: string; readonly label: InstanceLabel }): OwnPath[] =>
    Object.keys(label.objects).flatMap((name) => (diskRole(name) === undefined ? [] : [{ uuid, path: layout.instanceFile(uuid, name) }]));
}

function findUnmanaged(
  context: Context,
  domains: readonly DomainState[],
  directories: readonly Directory[],
  uses: ReadonlyMap<string, readonly string[]>,
  adopts: ReadonlyMap<string, string>,
): Unmanaged[] {
  const own = context.project;
  const others = domains
    .filter(({ label, uuid }) => label?.project !== own && (label !== undefined || !adopts.has(uuid)))
    .map(({ name, uuid, label, fields }) => {
      // Also of one that is off: it can be started at any time.
      const takes = { memory: Number(fields["memory"] ?? 0), vcpus: Number(fields["vcpus"] ?? 0) };
      return withoutUndefined({ what: "domain", name, uuid, owner: label?.project, uses: uses.get(uuid), takes });
    });
  const strangers = directories
    .filter((directory) => directory.label?.project !== own && !directory.blank)
    .map(({ uuid, label, damage }) => {
      const note = damage === undefined ? undefined : `its label ${damage.problem}`;
      return withoutUndefined({ what: "instance-directory", name: uuid, owner: label?.project, note });
    });
  return [...others, ...strangers];
}
