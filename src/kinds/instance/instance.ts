import { baseOf } from "../../drivers/content.ts";
import { type Address, addressKind, addressName } from "../../model/address.ts";
import type { Diagnostic } from "../../model/diagnostic.ts";
import type { Fact } from "../../model/fact.ts";
import type { HostFacts } from "../../model/host-facts.ts";
import type { Json } from "../../model/json.ts";
import type { Kind, Observed } from "../../model/kind.ts";
import { instanceFiles } from "../../model/layout.ts";
import { instanceOf } from "../../model/presentation.ts";
import type { Resource } from "../../model/resource.ts";
import type { SecretRef } from "../../model/secret.ts";
import type { HostSettings } from "../../model/settings.ts";
import type { Sought } from "../../model/sought.ts";
import { libvirtOf } from "../../tools/libvirt/libvirt.ts";
import { checkChains } from "../chain/check.ts";
import { follow } from "../chain/follow.ts";
import { leftDisks, leftText } from "../chain/left-behind.ts";
import { declaresInstance } from "../config/declares-instance.ts";
import { networkOf } from "../config/network-of.ts";
import { renameConflicts } from "../config/rename-conflicts.ts";
import { earlierInstances } from "../config/renames.ts";
import type { Wanted } from "../config/wanted.ts";
import type { Config } from "../config.ts";
import { settleLabels } from "../directory/label.ts";
import { diskActions } from "../disk/actions.ts";
import { baseFacts } from "../disk/base-facts.ts";
import { checkDisks } from "../disk/check.ts";
import type { Checked } from "../disk/checked.ts";
import { withClearing } from "../disk/clearing.ts";
import { keepExistingContent } from "../disk/content.ts";
import { withCost } from "../disk/cost.ts";
import { describeDisk } from "../disk/describe.ts";
import { diffDisk } from "../disk/diff.ts";
import type { InstanceDisk } from "../disk/disk.ts";
import { checkForeignUse } from "../disk/foreign-use.ts";
import { foundDisk } from "../disk/found.ts";
import { isReplaced } from "../disk/is-replaced.ts";
import { checkLooseLayers } from "../disk/loose-check.ts";
import { markedForReplacement } from "../disk/marked-for-replacement.ts";
import { checkResizeSnapshots } from "../disk/snapshot-check.ts";
import { domainActions } from "../guest/actions.ts";
import { checkAddedDevices } from "../guest/added-check.ts";
import { checkBlockedFiles } from "../guest/blocked-files-check.ts";
import { checkDomainNames, checkProtection, checkRenames } from "../guest/check.ts";
import { checkContainerGrowth } from "../guest/container/growth-check.ts";
import { checkDevices } from "../guest/device-check.ts";
import { diffDomain } from "../guest/diff.ts";
import { checkDomainPatches } from "../guest/domain-patch-check.ts";
import { checkForeign } from "../guest/foreign-check.ts";
import { givenUpNames } from "../guest/given-up-names.ts";
import { keepTargets } from "../guest/keep-targets.ts";
import { checkNetworks } from "../guest/network-check.ts";
import { checkNetworkNames } from "../guest/network-names-check.ts";
import { pendingFields } from "../guest/pending.ts";
import { describeDomain } from "../guest/state.ts";
import { secretActions } from "../secret/actions.ts";
import { diffSecret } from "../secret/secret.ts";
import { rightOwner } from "../terms/access-fields.ts";
import { disks } from "../terms/disk-address.ts";
import { diskAddress } from "../terms/disk-name.ts";
import { ownerName } from "../terms/disk-owner.ts";
import { defined, type GuestState, gone, guests } from "../terms/guest-address.ts";
import { networkExists, networks } from "../terms/network-address.ts";
import { secrets } from "../terms/secret-address.ts";
import { seeds } from "../terms/seed-address.ts";
import { volumes } from "../terms/volume-address.ts";
import { withNeeds } from "../terms/with-needs.ts";
import { desiredVolume } from "../volume/desired.ts";
import { checkAdopted } from "./adopted-check.ts";
import { desiredInstances, type InstanceSpec, type SeedResource } from "./desired.ts";
import { foundDomain, foundSeed } from "./found.ts";
import { checkInjectionNeeds } from "./injection-check.ts";
import { checkMissingDirectories } from "./missing-check.ts";
import { type InstanceState, observeInstances } from "./observe.ts";
import { checkOwners } from "./owner-check.ts";
import { checkPassphrases } from "./passphrase-check.ts";
import { type BlockDevices, blockDevices, rootOnly } from "./seed/block-devices.ts";
import { recordedSecrets } from "./seed/recorded-secrets.ts";
import { checkSeedSecrets } from "./seed/secrets-check.ts";
import { describeSeed, diffSeed, seedActions } from "./seed/seed.ts";
import { sweepInstances } from "./sweep.ts";
import { checkUuids } from "./uuid-check.ts";
import { writtenChecks } from "./written-checks.ts";

/** Problems are reported in this order. */
const checks: readonly ((checked: Checked) => Diagnostic[])[] = [
  ...writtenChecks,
  checkPassphrases,
  checkSeedSecrets,
  checkInjectionNeeds,
  checkDisks,
  checkContainerGrowth,
  checkOwners,
  checkResizeSnapshots,
  checkBlockedFiles,
  checkMissingDirectories,
  checkLayers,
  ({ observed }) => checkLooseLayers(observed.of(disks), observed),
  ({ disks: wanted, observed }) =>
    checkForeignUse(
      observed.of(disks),
      new Map(wanted.map((want) => [diskAddress(ownerName(want.disk.owner), want.disk.name), want])),
      observed,
    ),
  checkDomainNames,
  checkRenames,
  checkDomainPatches,
  checkForeign,
  checkAddedDevices,
  checkAdopted,
  checkUuids,
  ({ config, observed }) => renameConflicts("instances", earlierInstances(config), guests.at, observed),
  checkDevices,
  checkNetworks,
  checkNetworkNames,
];

/** Instances: secrets, disks, config drives and domains. Values of secrets are looked up only while looking, to see whether they changed. */
export function instanceKind(
  settings: HostSettings,
  lookUpSecret: (reference: SecretRef) => string | undefined,
  config: Config = {},
  sought: Sought = {},
): Kind<Config, InstanceSpec, InstanceState> {
  return {
    name: "instance",
    addressKinds: [secrets.name, disks.name, seeds.name, guests.name],
    desired: (config, facts) => desiredInstances({ config, settings, facts }),
    observe: (context) => observeInstances(context, { sought, config, values: recordedSecrets(config, lookUpSecret) }),
    diff: (address, want, have, observed) => {
      const differing = diffOne(address, asItStays(address, want, observed), have, observed, { config, settings });
      const change = withNeeds(differing, networksOf(want, config));
      const before = givenUpNames(observed).get(instanceOf(address) ?? "");
      return before === undefined ? change : withNeeds(change, [defined(before), gone(before)]);
    },
    check: (resources, observed, config, destroying = false) => {
      // How instances are written matters only where they are wanted: a mistake in them must not stop a destroy.
      const written = destroying ? { ...config, instances: {} } : config;
      const checked = { config: written, settings, observed, ...byKind(resources, observed) };
      return [...checks.flatMap((check) => check(checked)), ...checkProtection(checked, config)];
    },
    describe,
    found: (state) => {
      if (state.kind === "domain") return foundDomain(state);
      if (state.kind === "disk") return foundDisk(state);
      return state.kind === "seed" ? foundSeed(state) : [];
    },
    earlierAddress,
    replaced: (address, observed) => {
      const disk = guests.owns(address) ? diskAddress(addressName(address), instanceFiles.root) : address;
      return disks.owns(disk) ? [[disk, markedForReplacement(observed.get(disk))]] : [];
    },
    pending: (state) => (state.kind === "domain" ? pendingFields(state) : []),
    actions: [...secretActions, ...diskActions, ...seedActions, ...domainActions],
    sweep: sweepInstances,
    prepare: (context, actions, parallelism) => {
      const changes = actions.filter(({ type }) => type.startsWith("domain.")).length;
      if (changes > 0) libvirtOf(context).warm(Math.min(changes, parallelism));
    },
    settle: settleLabels,
  };
}

/** The networks that virtform keeps and a guest is connected to: they exist before anything is done with it. */
function networksOf(want: InstanceSpec | undefined, config: Config): Fact[] {
  if (want?.kind !== "domain") return [];
  return want.domain.interfaces.flatMap(({ type, source }) => {
    const entry = type === "network" ? networkOf(config, { network: source }) : undefined;
    return entry === undefined || entry.network.external === true ? [] : [networkExists(networks.at(entry.name))];
  });
}

function diffOne(
  address: Address,
  want: InstanceSpec | undefined,
  have: InstanceState | undefined,
  observed: Observed,
  { config, settings }: Pick<Wanted, "config" | "settings">,
) {
  const name = addressName(address);
  if (isMissingAndProtected(want, have, observed)) return undefined;
  switch (want?.kind ?? have?.kind) {
    case "disk": {
      const found = have?.kind === "disk" ? have : undefined;
      const wanted = only("disk", want);
      const change = withClearing(diffDisk(disks.at(name), wanted, found, observed, settings), found?.disk, settings);
      return withCost(change, wanted, found, observed, settings);
    }
    case "secret":
      return diffSecret(secrets.at(name), only("secret", want)?.secret, only("secret", have), observed);
    case "seed": {
      const found = only("seed", have);
      const wanted = only("seed", want)?.seed;
      return diffSeed(seeds.at(name), wanted, found, {
        // A guest that is no longer declared is removed together with its drive.
        running: (found?.running === true || found?.saved === true) && (wanted !== undefined || declaresInstance(config, name)),
        saved: found?.saved ?? false,
        owner: rightOwner(found?.access?.owner, { instance: name, running: found?.running === true }, observed),
        ...(wanted === undefined ? {} : { exchangeable: isExchangeable(observed.get(guests.at(name)), wanted.disk.path) }),
      });
    }
    default: {
      const wanted = only("domain", want);
      const recreated = (wanted?.domain.disks ?? []).flatMap(({ name: disk }) => (isReplacedVolume(disk, observed) ? [disk] : []));
      const own = (wanted?.disks ?? []).filter((disk) => replaces(disk, observed)).map(({ disk }) => disk.name);
      const replaced = new Set<string>([...own, ...recreated]);
      const had = only("domain", have)?.fields ?? {};
      const followed = wanted === undefined ? undefined : follow(keepTargets(wanted.domain, had), observed, (disk) => replaced.has(disk));
      const left = wanted === undefined ? [] : leftDisks(wanted.domain, observed, (disk) => replaced.has(disk));
      const fresh = recreated.map((disk) => desiredVolume({ config, settings, facts: observed.facts }, addressName(disk as Address)));
      return diffDomain(guests.at(name), followed, only("domain", have), observed, {
        replaced: replaced.size > 0,
        restarted:
          wanted !== undefined && observed.get(guests.at(name))?.power === "paused" && restartsForDisks(wanted, observed, settings),
        leaves: leftText(name, left),
        volumes: fresh.map((volume) => ({ name: ownerName(volume.disk.owner), bases: baseFacts(volume) })),
      });
    }
  }
}

/** The devices that a config drive names: those that the disks of the guest keep. While it is rescued they have others, and the drive stays. */
function keptBlockDevices({ seed, devices }: SeedResource, observed: Observed): BlockDevices {
  if (devices === null) return seed.blockDevices;
  const had = observed.get(guests.at(seed.instance))?.fields ?? {};
  const applied = observed.get(seeds.at(seed.instance))?.applied ?? null;
  if (!devices.rescued || had["rescue"] === undefined || applied === null) return blockDevices(keepTargets(devices.usual, had).disks);
  return (applied["block_devices"] as BlockDevices | undefined) ?? rootOnly;
}

/** Whether changes of its own disks shut a guest down and start it. */
function restartsForDisks(
  { domain, disks: own }: Extract<InstanceSpec, { kind: "domain" }>,
  observed: Observed,
  settings: HostSettings,
): boolean {
  return own.some((disk) => {
    const address = diskAddress(domain.instance, disk.disk.name);
    const change = diffDisk(address, keepExistingContent(address, disk, observed), observed.get(address), observed, settings);
    return change?.actions.some(({ type }) => type === "domain.stop") === true;
  });
}

/** Whether a disk of a guest, by its name, is a volume that this plan gives other content. */
function isReplacedVolume(name: string, observed: Observed): boolean {
  const address = name as Address;
  return volumes.owns(address) && observed.get(address)?.replace === true;
}

/** Whether a guest runs with a config drive as a CD, which can be exchanged; otherwise why not. */
function isExchangeable(guest: GuestState | undefined, path: string): true | string {
  if (guest === undefined || guest.active === null) return "it does not run";
  if (guest.power !== "running") return `it is ${guest.power}`;
  const { active } = guest;
  const has = Object.entries(guest.disks).some(([target, source]) => source === path && active[`disks.${target}.device`] === "cdrom");
  return has || "it has no such drive as a CD";
}

function checkLayers({ domains, disks, observed }: Checked): Diagnostic[] {
  const replaced = new Set(disks.filter((disk) => replaces(disk, observed)).map(({ disk }) => `${ownerName(disk.owner)}/${disk.name}`));
  return checkChains(domains, observed, (instance, name) => replaced.has(`${instance}/${name}`) || isReplacedVolume(name, observed));
}

/** Whether the directory of the guest is missing and the guest is protected: then nothing of it is created or removed. */
function isMissingAndProtected(want: InstanceSpec | undefined, have: InstanceState | undefined, observed: Observed): boolean {
  const instance = want === undefined ? undefined : instanceOfSpec(want);
  const guest = have?.kind === "domain" ? have : observed.get(guests.at(instance ?? (have?.kind === "disk" ? ownerName(have.owner) : "")));
  return guest?.unlabelled === true && guest.label?.preventDestroy === true;
}

function instanceOfSpec(spec: InstanceSpec): string {
  switch (spec.kind) {
    case "disk":
      return ownerName(spec.disk.owner);
    case "seed":
      return spec.seed.instance;
    case "secret":
      return spec.secret.name;
    default:
      return spec.domain.instance;
  }
}

/**
 * What is wanted, given what exists: a guest whose root disk stays on its image is described with that image, and a config drive names the devices that
 * disks keep.
 */
function asItStays<Spec extends InstanceSpec | undefined>(address: Address, spec: Spec, observed: Observed): Spec | InstanceSpec {
  if (spec === undefined) return spec;
  const before = staying.get(spec);
  if (before?.observed === observed) return before.stays;
  const stays = stayingSpec(address, spec, observed);
  staying.set(spec, { observed, stays });
  return stays;
}

/** Checks and comparison ask for the same. */
const staying = new WeakMap<InstanceSpec, { readonly observed: Observed; readonly stays: InstanceSpec }>();

function stayingSpec(address: Address, spec: InstanceSpec, observed: Observed): InstanceSpec {
  if (spec.kind === "seed") return { ...spec, seed: { ...spec.seed, blockDevices: keptBlockDevices(spec, observed) } };
  if (spec.kind !== "domain") return keepExistingContent(address, spec, observed);
  const root = spec.disks.find(({ disk }) => disk.name === instanceFiles.root);
  if (root === undefined) return spec;
  const kept = keepExistingContent(diskAddress(spec.domain.instance, root.disk.name), root, observed);
  return kept.behind === undefined ? spec : { ...spec, domain: { ...spec.domain, image: baseOf(kept.disk)?.image ?? spec.domain.image } };
}

/** Whether the plan for what is observed gives a disk other content. */
function replaces(want: InstanceDisk, observed: Observed): boolean {
  const address = diskAddress(ownerName(want.disk.owner), want.disk.name);
  return isReplaced(keepExistingContent(address, want, observed), observed.get(address));
}

/** What is wanted, by kind. Disks that exist keep the filesystem that they have. */
function byKind(
  resources: readonly Resource<InstanceSpec>[],
  observed: Observed,
): Pick<Checked, "disks" | "domains" | "drives" | "secrets"> {
  const specs = resources.map(({ address, spec }) => asItStays(address, spec, observed));
  return {
    disks: specs.filter((spec) => spec.kind === "disk"),
    domains: specs.filter((spec) => spec.kind === "domain").map(({ domain }) => domain),
    drives: specs.filter((spec) => spec.kind === "seed").map(({ seed }) => seed),
    secrets: specs.filter((spec) => spec.kind === "secret").map(({ secret }) => secret),
  };
}

/** What `show` prints and saved plans are based on, without what a running guest changes by itself, such as the allocated space of a disk. */
function describe(state: InstanceState): Json {
  switch (state.kind) {
    case "disk":
    case "volume":
      return describeDisk(state);
    case "seed":
      return describeSeed(state);
    case "secret":
      return { uuid: state.uuid, ready: state.ready };
    default:
      return describeDomain(state);
  }
}

/** The parts of an instance have its name in their addresses. */
function earlierAddress(address: Address, { identities = {} }: HostFacts): Address | undefined {
  const instance = instanceOf(address);
  const earlier = instance === undefined ? undefined : identities[guests.at(instance)]?.earlier;
  if (instance === undefined || earlier === undefined) return undefined;
  return `${addressKind(address)}/${earlier}${addressName(address).slice(instance.length)}`;
}

function only<Kind extends string, T extends { readonly kind: string }>(
  kind: Kind,
  value: T | undefined,
): Extract<T, { readonly kind: Kind }> | undefined {
  return value?.kind === kind ? (value as Extract<T, { readonly kind: Kind }>) : undefined;
}
