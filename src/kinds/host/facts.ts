import type { Context } from "../../model/context.ts";
import { CodedError } from "../../model/errors.ts";
import type { HostFacts, SecretStatus } from "../../model/host-facts.ts";
import { type SecretRef, secretPlace } from "../../model/secret.ts";
import { filesystemOf } from "../../tools/filesystem-type.ts";
import { libvirtOf } from "../../tools/libvirt/libvirt.ts";
import { missingPrograms } from "../../tools/missing-programs.ts";
import type { Config } from "../config.ts";
import { matchPassphrases } from "../presence/passphrase-record.ts";
import { lookUpCloud } from "./cloud-facts.ts";
import { lookUpDrivers } from "./driver-facts.ts";
import { lookUpFiltering } from "./filtering-facts.ts";
import { lookUpGuests } from "./guest-facts.ts";
import { otherClaims } from "./ledger.ts";
import { lookUpNetworks } from "./network-facts.ts";
import { readRates } from "./rates.ts";
import { lookUpSigned } from "./signed-facts.ts";
import { lookUpSources } from "./source-facts.ts";

/**
 * Looks up what the machine is and has to give, what is known about these images, and whether these secrets are available. Throws UnreachableError when libvirt does not
 * answer.
 */
export async function lookUpFacts(
  context: Context,
  images: NonNullable<Config["images"]> = {},
  secrets: readonly SecretRef[] = [],
  passphrases: readonly SecretRef[] = [],
): Promise<HostFacts> {
  const { instancesPath, preallocateImages, programs } = context.settings;
  // Where an image service stores an image decides what drivers look for.
  const sources = await lookUpSources(
    context,
    Object.values(images).map(({ source }) => source),
  );
  const [node, space, drivers, missing, preallocation, networks, filtering, claims, matches, rates, signed, cloud, account] =
    await Promise.all([
      libvirtOf(context).node(),
      context.host.files.space(instancesPath),
      lookUpDrivers(withLocations(context, sources)),
      missingPrograms(context, programs),
      preallocateImages === "space" ? filesystemOf(context, instancesPath) : null,
      lookUpNetworks(context),
      context.settings.filtersTraffic ? lookUpFiltering(context) : null,
      otherClaims(context),
      matchPassphrases(context, passphrases),
      readRates(context),
      lookUpSigned(context, images),
      lookUpCloud(context, images),
      context.host.account(),
    ]);
  const guests = await lookUpGuests(context, node);
  return {
    ...node,
    disk: {
      total: space.total,
      free: space.free,
      directIo: space.filesystem === undefined || !withoutDirectIo.has(space.filesystem),
      preallocation: preallocation ?? null,
    },
    missingPrograms: missing,
    ...(account.root ? {} : { ordinaryUser: true as const }),
    networks,
    ...(filtering === null ? {} : { filtering }),
    ...(claims.length === 0 ? {} : { claims }),
    ...(Object.keys(rates.seconds).length === 0 ? {} : { rates }),
    guests,
    drivers,
    sources,
    ...(cloud === undefined ? {} : { cloud }),
    ...(Object.keys(signed).length === 0 ? {} : { signed }),
    ...(Object.keys(matches).length === 0 ? {} : { passphrases: matches }),
    secrets: Object.fromEntries(secrets.map((one) => [secretPlace(one), statusOf(context, one)])),
  };
}

/** With the addresses of raw images that image services name. */
function withLocations(context: Context, sources: HostFacts["sources"]): Context {
  const found = Object.values(sources).flatMap(({ image }) => (image?.diskFormat === "raw" ? image.locations : []));
  const locations = found.filter((url) => url.startsWith("rbd://"));
  if (locations.length === 0) return context;
  const cloneSources = [...new Set([...context.settings.cloneSources, ...locations])];
  return { ...context, settings: { ...context.settings, cloneSources } };
}

function statusOf({ secret }: Context, reference: SecretRef): SecretStatus {
  try {
    return secret(reference) === "" ? "empty" : "present";
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    return "missing";
  }
}

/** Magic numbers of filesystems that refuse O_DIRECT, so that qemu's cache mode `none` fails there (Nova XML-11): tmpfs, ramfs, eCryptfs, old ZFS. */
const withoutDirectIo = new Set([0x01021994, 0x858458f6, 0xf15f, 0x2fc12fc1]);
